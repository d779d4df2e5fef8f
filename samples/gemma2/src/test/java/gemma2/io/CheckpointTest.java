package gemma2.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.math.Dtype;
import gemma2.testing.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointTest {

  @TempDir Path folder;

  @BeforeEach
  void writeShards() {
    new SafetensorsWriter()
        .add("a", Dtype.F32, List.of(2, 1), new float[] {1, 2})
        .write(folder.resolve("one.safetensors"));
    new SafetensorsWriter()
        .add("b", Dtype.F32, List.of(1), new float[] {3})
        .write(folder.resolve("two.safetensors"));
  }

  @Test
  void readsShards() throws IOException {
    index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
    Checkpoint checkpoint = Checkpoint.open(folder);
    float[] row = new float[1];
    checkpoint.matrix("a", 2, 1).widen(1, row, 0);
    assertEquals(2f, row[0]);
    checkpoint.vector("b", 1).widen(0, row, 0);
    assertEquals(3f, row[0]);
  }

  @Test
  void knowsWhatNobodyAskedFor() throws IOException {
    index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
    Checkpoint checkpoint = Checkpoint.open(folder);
    checkpoint.vector("b", 1);
    assertEquals(List.of("a"), checkpoint.unused());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\":\"one.safetensors\",\"b\":\"three.safetensors\"} | there is no such file",
        "{\"a\":\"one.safetensors\",\"b\":\"one.safetensors\"}   | which does not hold it",
        "{\"a\":\"two.safetensors\",\"b\":\"two.safetensors\"}   | which does not hold it",
        "{\"a\":\"one.safetensors\"}                             | b",
        "{\"a\":\"../one.safetensors\"}                          | in the same folder",
        "{\"a\":\"/one.safetensors\"}                            | in the same folder",
        "{\"a\":7}                                               | must be a string",
      })
  void refusesAnIndexThatDoesNotFit(String map, String why) throws IOException {
    index(map);
    // Without the index entry for b, tensor b is simply not part of the checkpoint.
    if (why.equals("b")) {
      Checkpoint checkpoint = Checkpoint.open(folder);
      assertThrows(InputException.class, () -> checkpoint.vector("b", 1));
      return;
    }
    String message = assertThrows(InputException.class, () -> Checkpoint.open(folder)).getMessage();
    assertTrue(message.contains(why), message);
  }

  @Test
  void refusesATensorInTwoShards() throws IOException {
    Files.copy(folder.resolve("one.safetensors"), folder.resolve("three.safetensors"));
    index("{\"a\":\"one.safetensors\",\"b\":\"three.safetensors\"}");
    String message = assertThrows(InputException.class, () -> Checkpoint.open(folder)).getMessage();
    assertTrue(message.contains("Tensor a is in"), message);
  }

  @Test
  void refusesMissingTensorsAndOtherShapes() throws IOException {
    index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
    Checkpoint checkpoint = Checkpoint.open(folder);
    String missing =
        assertThrows(InputException.class, () -> checkpoint.vector("c", 1)).getMessage();
    assertTrue(missing.contains("has no tensor c, which config.json asks for"), missing);
    String other =
        assertThrows(InputException.class, () -> checkpoint.matrix("a", 1, 2)).getMessage();
    assertTrue(other.contains("must have the shape [1, 2] by config.json, but has [2, 1]"), other);
  }

  @Test
  void refusesAFolderWithoutWeights(@TempDir Path empty) {
    String message = assertThrows(InputException.class, () -> Checkpoint.open(empty)).getMessage();
    assertTrue(message.contains("holds neither model.safetensors nor"), message);
  }

  private void index(String map) throws IOException {
    Files.writeString(
        folder.resolve("model.safetensors.index.json"), "{\"weight_map\":" + map + "}");
  }
}
