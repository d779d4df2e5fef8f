package gemma2.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.math.Dtype;
import gemma2.testing.SafetensorsWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {

  @TempDir Path folder;

  @Test
  void readsEveryDtype() {
    Path file = folder.resolve("model.safetensors");
    float[] numbers = {1.5f, -0.25f, 96};
    new SafetensorsWriter()
        .add("f32", Dtype.F32, List.of(3), numbers)
        .add("f16", Dtype.F16, List.of(1, 3), numbers)
        .add("bf16", Dtype.BF16, List.of(3, 1), numbers)
        .write(file);
    List<Tensor> tensors = Safetensors.read(file);
    assertEquals(List.of("f32", "f16", "bf16"), tensors.stream().map(Tensor::name).toList());
    assertEquals(List.of(3L, 1L), tensors.get(2).shape());
    for (Tensor tensor : tensors) {
      assertEquals(3, tensor.count());
      for (int i = 0; i < numbers.length; i++) {
        assertEquals(numbers[i], tensor.dtype().read(tensor.data(), i), tensor.name());
      }
    }
  }

  @Test
  void readsMetadataAndPadding() {
    Path file = folder.resolve("model.safetensors");
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},\"t\":{\"dtype\":\"F32\",\"shape\":[],"
            + "\"data_offsets\":[0,4]}}     ";
    SafetensorsWriter.write(file, header, SafetensorsWriter.encode(Dtype.F32, new float[] {7}));
    Tensor only = Safetensors.read(file).getFirst();
    assertEquals(7f, only.dtype().read(only.data(), 0));
  }

  /** Each header stands before twelve bytes of data. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "F32 | [3]    | [0,12]  | F32 | [1] | [12,16] | claims bytes 12 to 16 of 12",
        "F32 | [2]    | [0,8]   | F32 | [1] | [4,8]   | tensors a and b overlap",
        "F32 | [1]    | [0,4]   | F32 | [1] | [8,12]  | 4 bytes between a and tensor b belong",
        "F32 | [1]    | [4,8]   | F32 | [1] | [8,12]  | 4 bytes between the header and tensor a",
        "F32 | [1]    | [0,4]   | F32 | [1] | [4,8]   | 4 bytes at its end belong to no tensor",
        "F32 | [2]    | [0,4]   | F32 | [2] | [4,12]  | a of F32 [2] needs 8 bytes, but has 4",
        "BF16| [2]    | [0,8]   | F32 | [1] | [8,12]  | a of BF16 [2] needs 4 bytes, but has 8",
        "F32 | [-1]   | [0,4]   | F32 | [2] | [4,12]  | none below zero, but is the number -1",
        "F32 | [1]    | [-4,0]  | F32 | [3] | [0,12]  | none below zero, but is the number -4",
        "F32 | [1.0]  | [0,4]   | F32 | [2] | [4,12]  | whole numbers",
        "F32 | [1]    | [4,0]   | F32 | [2] | [4,12]  | claims bytes 4 to 0",
        "F32 | [1]    | [0]     | F32 | [2] | [4,12]  | must be two numbers, but are 1",
        "F64 | [1]    | [0,8]   | F32 | [1] | [8,12]  | stored as F64, and only F32, F16 and BF16",
        "F32 | [4611686018427387904,4] | [0,4] | F32 | [2] | [4,12] | none below zero",
        "F32 | [400000000000000000,400000000000000000] | [0,4] | F32 | [2] | [4,12] | impossibly",
        "F32 | [0,400000000000000000] | [0,4] | F32 | [2] | [4,12] | needs 0 bytes, but has 4",
      })
  void refusesHeadersThatDoNotFitTheFile(
      String dtypeA,
      String shapeA,
      String offsetsA,
      String dtypeB,
      String shapeB,
      String offsetsB,
      String why) {
    String entry = "{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}";
    String header =
        "{\"a\":%s,\"b\":%s}"
            .formatted(
                entry.formatted(dtypeA, shapeA, offsetsA),
                entry.formatted(dtypeB, shapeB, offsetsB));
    assertRefused(header, new byte[12], why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}                  | no field \"data_offsets\"",
        "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}              | no field \"dtype\"",
        "{\"a\":[]}                                                 | must hold a JSON object",
        "[]                                                         | must hold a JSON object",
        "{\"a\":{},\"a\":{}}                                        | is named twice",
        "{\"a\":                                                    | the text ends",
      })
  void refusesHeadersOfAnotherForm(String header, String why) {
    assertRefused(header, new byte[4], why);
  }

  @Test
  void refusesFilesThatAreTooShort() throws IOException {
    Path file = folder.resolve("model.safetensors");
    Files.write(file, new byte[0]);
    assertRefused(file, "it has 0 bytes");
    Files.write(file, new byte[] {1, 0, 0, 0, 0, 0, 0});
    assertRefused(file, "it has 7 bytes");
    Files.write(file, new byte[] {40, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    assertRefused(file, "announces a header of 40 bytes, but only 2 follow");
  }

  @Test
  void refusesHugeHeaders() throws IOException {
    Path file = folder.resolve("model.safetensors");
    Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'});
    assertRefused(file, "a header of 18446744073709551615 bytes, and at most 100,000,000");
    Files.write(file, new byte[] {1, -31, -11, 5, 0, 0, 0, 0, '{', '}'});
    assertRefused(file, "a header of 100000001 bytes, and at most 100,000,000");
  }

  @Test
  void refusesHeadersThatAreNotText() {
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter.write(file, "{}", new byte[0]);
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(8);
      raw.write(0xFF);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertRefused(file, "its header is not UTF-8 text");
  }

  @Test
  void namesAFileThatIsMissing() {
    assertRefused(folder.resolve("none.safetensors"), "there is no such file");
  }

  @Test
  void readsBeyondTwoGigabytes() throws IOException {
    Path file = folder.resolve("model.safetensors");
    long numbers = (1L << 31) + 8;
    String header =
        "{\"a\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(numbers, 2 * numbers);
    SafetensorsWriter.write(file, header, new byte[0]);
    long dataStart = Files.size(file);
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(dataStart + 2 * numbers);
      sparse.seek(dataStart + 2 * (numbers - 1));
      sparse.write(new byte[] {(byte) 0xC0, 0x3F});
    }
    Tensor tensor = Safetensors.read(file).getFirst();
    assertEquals(1.5f, tensor.dtype().read(tensor.data(), numbers - 1));
    Files.delete(file);
  }

  private void assertRefused(String header, byte[] data, String why) {
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter.write(file, header, data);
    assertRefused(file, why);
  }

  private static void assertRefused(Path file, String why) {
    String message = assertThrows(InputException.class, () -> Safetensors.read(file)).getMessage();
    assertTrue(message.contains(why), message);
    assertTrue(message.contains(file.toString()), message);
  }
}
