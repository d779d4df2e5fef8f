package gemma2.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.Checkpoint;
import gemma2.io.InputException;
import gemma2.io.Tensor;
import gemma2.math.Dtype;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import gemma2.model.ModelLoader;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SyntheticCheckpointTest {

  private static final Shape TINY = Shape.named("tiny").orElseThrow();

  @TempDir Path folder;

  /** The numbers of parameters that Hugging Face counts in Google's checkpoints. */
  @ParameterizedTest
  @CsvSource({"2b, 2614341888", "9b, 9241705984", "27b, 27227128320"})
  void hasAsManyParametersAsTheRealModel(String name, long parameters) {
    Shape shape = Shape.named(name).orElseThrow();
    assertEquals(2 * parameters, new SyntheticCheckpoint(shape, Dtype.BF16, 0).bytes());
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void drawsWeightsLikeTrainedOnes(Dtype dtype) {
    new SyntheticCheckpoint(TINY, dtype, 5).write(folder);
    for (Tensor tensor : Checkpoint.open(folder).tensors()) {
      double squares = 0;
      double sum = 0;
      for (long i = 0; i < tensor.count(); i++) {
        double weight = dtype.read(tensor.data(), i);
        assertTrue(Math.abs(weight) < 1.0 / 16, tensor.name());
        squares += weight * weight;
        sum += weight;
      }
      assertEquals(0.028, Math.sqrt(squares / tensor.count()), 0.008, tensor.name());
      assertEquals(0, sum / tensor.count(), 0.028 * 5 / Math.sqrt(tensor.count()), tensor.name());
    }
  }

  @Test
  void drawsTheSameFromTheSameSeed() throws IOException {
    byte[] first = write("first", 5);
    assertArrayEquals(first, write("second", 5));
    assertFalse(Arrays.equals(first, write("third", 6)));
  }

  private byte[] write(String name, long seed) throws IOException {
    Path made = Files.createDirectory(folder.resolve(name));
    new SyntheticCheckpoint(TINY, Dtype.BF16, seed).write(made);
    return Files.readAllBytes(made.resolve("model.safetensors"));
  }

  @Test
  void staysFiniteThroughManyLayers() {
    new SyntheticCheckpoint(TINY.with(46, 300), Dtype.BF16, 1).write(folder);
    Config config = Config.read(folder);
    assertEquals(46, config.layers());
    Gemma2 model =
        ModelLoader.load(
            config,
            Checkpoint.open(folder),
            Kernels.choose(),
            new Workers(1),
            ModelLoader.Options.DEFAULT);
    int[] tokens = {2, 5, 299, 17};
    for (float[] logits : model.forward(tokens, 0, new KvCache(config, 4), 4)) {
      Subject.checkFinite(logits);
    }
  }

  /** By hand: up to Wo and its norms; gate, up; down and the next Wo; gate, up; down, the end. */
  @Test
  void isCutIntoShardsThatHoldTheSame() throws IOException {
    Path whole = Files.createDirectory(folder.resolve("whole"));
    Path cut = Files.createDirectory(folder.resolve("cut"));
    new SyntheticCheckpoint(TINY, Dtype.F32, 3).write(whole);
    new SyntheticCheckpoint(TINY, Dtype.F32, 3, Disk.REAL, 600_000).write(cut);
    try (Stream<Path> files = Files.list(cut)) {
      List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
      assertEquals("[config.json, model-00001-of-00005.safetensors]", names.subList(0, 2) + "");
      assertEquals("model.safetensors.index.json", names.getLast());
    }
    Map<String, Tensor> same = byName(Checkpoint.open(whole));
    Map<String, Tensor> shards = byName(Checkpoint.open(cut));
    assertEquals(same.keySet(), shards.keySet());
    same.forEach((name, tensor) -> {
      assertEquals(tensor.shape(), shards.get(name).shape());
      assertEquals(-1, tensor.data().mismatch(shards.get(name).data()), name);
    });
  }

  private static Map<String, Tensor> byName(Checkpoint checkpoint) {
    Map<String, Tensor> named = new TreeMap<>();
    checkpoint.tensors().forEach(tensor -> named.put(tensor.name(), tensor));
    return named;
  }

  /** As real files have it: whatever the header, the weights begin at a multiple of eight. */
  @Test
  void alignsTheWeights() {
    for (int vocab = 9; vocab < 12; vocab++) {
      new SyntheticCheckpoint(TINY.with(1, vocab), Dtype.BF16, 0, overwriting(), 1L << 40)
          .write(folder);
      long size = folder.resolve("model.safetensors").toFile().length();
      long weights = new SyntheticCheckpoint(TINY.with(1, vocab), Dtype.BF16, 0).bytes();
      assertEquals(0, (size - weights) % 8);
      assertEquals(
          weights,
          Checkpoint.open(folder).tensors().stream()
              .mapToLong(tensor -> tensor.data().byteSize())
              .sum());
    }
  }

  private static Disk overwriting() {
    return new Disk() {
      @Override
      public long free(Path folder) {
        return Long.MAX_VALUE;
      }

      @Override
      public WritableByteChannel create(Path file) throws IOException {
        return Channels.newChannel(Files.newOutputStream(file));
      }
    };
  }

  /** A disk that says how much is free, and is full after so many bytes. */
  private static Disk small(long free, long room) {
    return new Disk() {
      @Override
      public long free(Path folder) {
        return free;
      }

      @Override
      public WritableByteChannel create(Path file) throws IOException {
        return Channels.newChannel(new FullAfter(Files.newOutputStream(file), room));
      }
    };
  }

  private static final class FullAfter extends FilterOutputStream {
    private long room;

    FullAfter(OutputStream out, long room) {
      super(out);
      this.room = room;
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      room -= length;
      if (room < 0) {
        throw new IOException("No space left on device");
      }
      out.write(bytes, from, length);
    }
  }

  @Test
  void writesNothingWhereThereIsNoRoom() {
    String message = assertFails(small(1000, 1000));
    assertTrue(message.contains("takes 1,116,416 bytes, but"), message);
    assertTrue(message.contains("has room for 1,000"), message);
  }

  @Test
  void leavesNothingBehindWhenTheDiskIsFull() {
    String message = assertFails(small(1L << 40, 100_000));
    assertTrue(message.contains("No space left on device"), message);
  }

  private String assertFails(Disk disk) {
    Path target = folder.resolve("kept");
    List<Path> made = new ArrayList<>();
    String message =
        assertThrows(
                InputException.class,
                () -> {
                  try (ScratchFolder scratch = ScratchFolder.beside(target)) {
                    made.add(scratch.path());
                    new SyntheticCheckpoint(TINY, Dtype.BF16, 0, disk, 1L << 40)
                        .write(scratch.path());
                    scratch.keepAs(target);
                  }
                })
            .getMessage();
    assertEquals(1, made.size());
    assertEquals(0, folder.toFile().list().length, "nothing is left");
    return message;
  }
}
