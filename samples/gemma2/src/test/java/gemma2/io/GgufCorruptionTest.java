package gemma2.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import gemma2.math.Dtype;
import gemma2.math.PlainKernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.ModelLoader;
import gemma2.testing.GgufModel;
import gemma2.testing.GgufWriter;
import gemma2.testing.RandomModel;
import gemma2.testing.SentencePieces;
import gemma2.testing.TinyTokenizer;
import gemma2.text.Tokenizer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A header whose fields are broken one by one: a broken file is refused by a sentence, or is
 * another sound file; there is no other exception, no memory is taken on the word of the header,
 * and it ends.
 */
@Timeout(300)
class GgufCorruptionTest {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Whatever else is in these fields, the file is another than it says it is. */
  private static final Set<GgufWriter.Kind> NEVER_SOUND =
      EnumSet.of(
          GgufWriter.Kind.MAGIC,
          GgufWriter.Kind.VERSION,
          GgufWriter.Kind.TENSOR_COUNT,
          GgufWriter.Kind.KEY_COUNT,
          GgufWriter.Kind.KEY_LENGTH,
          GgufWriter.Kind.STRING_LENGTH,
          GgufWriter.Kind.ITEM_COUNT,
          GgufWriter.Kind.NAME_LENGTH,
          GgufWriter.Kind.NAME,
          GgufWriter.Kind.DIMENSIONS,
          GgufWriter.Kind.EXTENT,
          GgufWriter.Kind.OFFSET);

  @TempDir static Path folder;

  private static GgufWriter writer;
  private static byte[] sound;
  private static long soundAllocation;

  @BeforeAll
  static void writeSoundFile() throws IOException {
    RandomModel model =
        new RandomModel()
            .with("num_hidden_layers", 2)
            .with("hidden_size", 4)
            .with("intermediate_size", 3)
            .with("num_attention_heads", 2)
            .with("num_key_value_heads", 1)
            .with("head_dim", 2)
            .draw();
    writer = GgufModel.of(model, name -> Dtype.BF16);
    GgufModel.tokenizer(
        writer, SentencePieces.of(TinyTokenizer.standard().bytes()), Set.of("<bos>", "<eos>"));
    sound = writer.alignment(8).bytes();
    for (int i = 0; i < 3; i++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      use(sound);
      soundAllocation = THREADS.getCurrentThreadAllocatedBytes() - before;
    }
  }

  /** Everything a command does with a model before it runs it. */
  private static void use(byte[] bytes) throws IOException {
    Path file = folder.resolve("m.gguf");
    // A new file each time: the one before may still be mapped.
    Files.deleteIfExists(file);
    Files.write(file, bytes);
    Config config = Config.read(file);
    Tokenizer.find(file);
    ModelLoader.load(
        config,
        Checkpoint.open(file),
        new PlainKernels(),
        new Workers(1),
        ModelLoader.Options.DEFAULT);
  }

  /** True when the bytes are refused as they should be; false when they are a sound file. */
  private static boolean isRefused(byte[] bytes, String what) throws IOException {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    InputException refusal = null;
    try {
      use(bytes);
    } catch (InputException e) {
      refusal = e;
    } catch (RuntimeException | Error e) {
      throw new AssertionError(what, e);
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertTrue(
        allocated < 2 * soundAllocation + (1 << 20),
        "%s: %,d bytes, and %,d for the sound file".formatted(what, allocated, soundAllocation));
    if (refusal == null) {
      return false;
    }
    assertFalse(refusal.id().isEmpty());
    assertTrue(refusal.getMessage().contains("m.gguf"), what + ": " + refusal.getMessage());
    assertTrue(refusal.getMessage().length() < 1000, what + ": " + refusal.getMessage());
    return true;
  }

  @ParameterizedTest
  @EnumSource
  void refusesAFieldThatIsBroken(GgufWriter.Kind kind) throws IOException {
    int tried = 0;
    for (GgufWriter.Field field : writer.fields()) {
      if (field.kind() != kind || isOneOfManyTokens(field)) {
        continue;
      }
      for (byte[] broken : broken(field)) {
        tried++;
        String what =
            field
                + " with "
                + Arrays.toString(
                    Arrays.copyOfRange(
                        broken, field.at(), field.at() + Math.min(16, field.length())));
        boolean refused = isRefused(broken, what);
        assertTrue(refused || !NEVER_SOUND.contains(kind), what);
      }
    }
    assertTrue(tried > 4, kind + " was tried " + tried + " times");
  }

  /** Of the tokens, their scores and types, some stand for all. */
  private static boolean isOneOfManyTokens(GgufWriter.Field field) {
    boolean item =
        field.of().matches("tokenizer.ggml.(tokens|scores|token_type)")
            && field.kind() != GgufWriter.Kind.KEY
            && field.kind() != GgufWriter.Kind.TYPE
            && field.kind() != GgufWriter.Kind.ITEM_TYPE
            && field.kind() != GgufWriter.Kind.ITEM_COUNT
            && field.kind() != GgufWriter.Kind.KEY_LENGTH;
    return item && field.at() % 13 != 0;
  }

  /** The file with other values of a field: none, one more, one less, and far too much. */
  private static Iterable<byte[]> broken(GgufWriter.Field field) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    long[] numbers = {
      0,
      1,
      2,
      13,
      -1,
      255,
      1 << 16,
      Integer.MAX_VALUE,
      Integer.MIN_VALUE,
      1L << 33,
      Long.MAX_VALUE,
      Long.MIN_VALUE,
      Long.MAX_VALUE / 8
    };
    for (long number : numbers) {
      put(files, field, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number));
    }
    byte[] own = Arrays.copyOf(Arrays.copyOfRange(sound, field.at(), sound.length), 8);
    long stored = ByteBuffer.wrap(own).order(ByteOrder.LITTLE_ENDIAN).getLong();
    for (long near : new long[] {stored + 1, stored - 1, stored + 16, 2 * stored, ~stored}) {
      put(files, field, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(near));
    }
    files.remove(key(sound, field));
    if (field.kind() == GgufWriter.Kind.VERSION) {
      byte[] two = sound.clone();
      two[field.at()] = 2;
      files.remove(key(two, field));
    }
    return files.values();
  }

  private static void put(Map<String, byte[]> files, GgufWriter.Field field, ByteBuffer value) {
    byte[] file = sound.clone();
    System.arraycopy(value.array(), 0, file, field.at(), Math.min(8, field.length()));
    files.put(key(file, field), file);
  }

  private static String key(byte[] file, GgufWriter.Field field) {
    return Arrays.toString(Arrays.copyOfRange(file, field.at(), field.at() + field.length()));
  }

  /** Nothing of the header may be missing, and nothing of the tensors but what pads the last. */
  @Test
  void refusesAFileThatEndsAnywhere() {
    int needed = sound.length - 7;
    assertTrue(writer.headerLength() > 5000);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int length = 0; length < needed; length++) {
      byte[] cut = Arrays.copyOf(sound, length);
      InputException refusal =
          assertThrows(InputException.class, () -> GgufTest.open(cut).tensors(), "at " + length);
      assertEquals("gguf-corrupt", refusal.id());
      long allocated = THREADS.getCurrentThreadAllocatedBytes() - before - length;
      assertTrue(allocated < soundAllocation, "%,d bytes at %d".formatted(allocated, length));
      before = THREADS.getCurrentThreadAllocatedBytes();
    }
  }

  @Test
  void bearsAnyByteToBeAnother() throws IOException {
    Map<Boolean, Integer> outcomes = new HashMap<>();
    for (int at = 0; at < writer.headerLength(); at += 7) {
      for (int flip : new int[] {0xFF, 1 << at % 8}) {
        byte[] broken = sound.clone();
        broken[at] ^= (byte) flip;
        outcomes.merge(isRefused(broken, "byte " + at + " ^ " + flip), 1, Integer::sum);
      }
    }
    assertTrue(outcomes.get(true) > outcomes.get(false), outcomes.toString());
  }

  /** In a file of four gigabytes of zeros there is room for whatever a header promises. */
  @Test
  void takesNoMemoryOnTheWordOfALargeFile() throws IOException {
    Map<GgufWriter.Kind, Long> promises =
        Map.of(
            GgufWriter.Kind.TENSOR_COUNT, 100_000_000L,
            GgufWriter.Kind.KEY_COUNT, 100_000_000L,
            GgufWriter.Kind.KEY_LENGTH, 2_000_000_000L,
            GgufWriter.Kind.STRING_LENGTH, 2_000_000_000L,
            GgufWriter.Kind.ITEM_COUNT, 400_000_000L,
            GgufWriter.Kind.NAME_LENGTH, 2_000_000_000L);
    Path file = folder.resolve("large.gguf");
    for (GgufWriter.Field field : writer.fields()) {
      if (!promises.containsKey(field.kind()) || isOneOfManyTokens(field)) {
        continue;
      }
      byte[] header = Arrays.copyOf(sound, writer.headerLength());
      ByteBuffer.wrap(header)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putLong(field.at(), promises.get(field.kind()));
      try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
        sparse.write(header);
        sparse.setLength(4L << 30);
      }
      long before = THREADS.getCurrentThreadAllocatedBytes();
      assertThrows(InputException.class, () -> Checkpoint.open(file), field.toString());
      long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      assertTrue(allocated < 32 << 20, "%s: %,d bytes".formatted(field, allocated));
      Files.delete(file);
    }
  }

  @Test
  void isSoundItself() {
    assertEquals(2 * 11 + 2, new Gguf(Path.of("m"), MemorySegment.ofArray(sound)).tensors().size());
  }
}
