package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import gemma2.io.Checkpoint;
import gemma2.io.InputException;
import gemma2.math.Dtype;
import gemma2.math.Kernels;
import gemma2.math.PlainKernels;
import gemma2.math.Workers;
import gemma2.testing.RandomModel;
import gemma2.testing.SlowGemma2;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class Gemma2Test {

  private static final int[] TOKENS =
      IntStream.range(0, 23).map(t -> (t * t * 31 + 7 * t + 2) % 300).toArray();

  @TempDir Path folder;

  static Stream<Arguments> shapes() {
    boolean[] alternating = {true, false, true};
    return Stream.of(
        Arguments.of("odd sizes", new RandomModel(), alternating),
        Arguments.of(
            "untied, f16",
            new RandomModel().with("tie_word_embeddings", false).stored(Dtype.F16),
            alternating),
        Arguments.of(
            "bf16, two heads a key, wide heads",
            new RandomModel()
                .stored(Dtype.BF16)
                .with("num_attention_heads", 4)
                .with("num_key_value_heads", 2)
                .with("head_dim", 34),
            alternating),
        Arguments.of(
            "layers named one by one, window of one",
            new RandomModel()
                .with("sliding_window", 1)
                .with(
                    "layer_types",
                    List.of("full_attention", "sliding_attention", "sliding_attention")),
            new boolean[] {false, true, true}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  void agreesWithTheFormulas(String name, RandomModel shape, boolean[] slides) {
    shape.write(folder);
    double[][] wanted = new SlowGemma2(shape).logits(TOKENS, slides);
    for (Kernels kernels : List.of(new PlainKernels(), Kernels.choose())) {
      float[][] logits = logits(load(kernels, new Workers(1)), TOKENS.length);
      for (int t = 0; t < TOKENS.length; t++) {
        double largest = Arrays.stream(wanted[t]).map(Math::abs).max().orElseThrow();
        for (int id = 0; id < wanted[t].length; id++) {
          assertEquals(wanted[t][id], logits[t][id], 1e-5 * largest, "position " + t);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 22})
  void computesTheSameInChunks(int chunk) {
    new RandomModel().write(folder);
    Gemma2 model = load(Kernels.choose(), new Workers(1));
    assertArrayEquals(logits(model, TOKENS.length), logits(model, chunk));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8})
  void computesTheSameOnSeveralThreads(int threads) {
    new RandomModel().write(folder);
    for (Kernels kernels : List.of(new PlainKernels(), Kernels.choose())) {
      float[][] alone = logits(load(kernels, new Workers(1)), 9);
      assertArrayEquals(alone, logits(load(kernels, new Workers(threads, 1)), 9));
    }
  }

  @Test
  void computesTheSameOverAndOver() {
    new RandomModel().write(folder);
    Gemma2 model = load(Kernels.choose(), new Workers(1));
    float[][] first = logits(model, 9);
    for (int i = 0; i < 300; i++) {
      assertArrayEquals(first, logits(model, 9));
    }
  }

  /** Beside the token itself, once the JIT compiler has been there: over 1,000 positions. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void decodesWithoutAllocating(int threads) {
    new RandomModel().with("max_position_embeddings", 8192).write(folder);
    ThreadMXBean threadBean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Gemma2 model = load(Kernels.choose(), new Workers(threads, 1));
    KvCache cache = new KvCache(model.config(), 1, 8192);
    long before = 0;
    for (int position = 0; position < 8192; position++) {
      if (position == 7192) {
        before = threadBean.getTotalThreadAllocatedBytes();
      }
      model.forward(new int[] {position % 300}, position, cache, 1);
    }
    long each = (threadBean.getTotalThreadAllocatedBytes() - before) / 1000;
    assertTrue(each < 500, each + " bytes for every token");
  }

  @Test
  void computesOnlyTheLogitsWanted() {
    new RandomModel().write(folder);
    Gemma2 model = load(new PlainKernels(), new Workers(1));
    float[][] all = logits(model, TOKENS.length);
    float[][] two = model.forward(TOKENS, 0, new KvCache(model.config(), 23), 2);
    assertArrayEquals(Arrays.copyOfRange(all, 21, 23), two);
    assertEquals(0, model.forward(TOKENS, 0, new KvCache(model.config(), 23), 0).length);
  }

  @Test
  void refusesWhatDoesNotContinueTheSequence() {
    new RandomModel().write(folder);
    Gemma2 model = load(new PlainKernels(), new Workers(1));
    KvCache cache = new KvCache(model.config(), 40);
    model.forward(new int[40], 0, cache, 0);
    assertRefused("continues at position 40, not at 39", model, new int[1], 39, cache, 0);
    assertRefused("takes 1 to 40 positions at once, not 41", model, new int[41], 40, cache, 0);
    assertRefused("takes 1 to 40 positions at once, not 0", model, new int[0], 40, cache, 0);
    assertRefused("40 to 64 go beyond the model's context of 64", model, new int[25], 40, cache, 0);
    assertRefused("Logits of 2 positions", model, new int[1], 40, cache, 2);
    assertRefused("id 300 is not in the vocabulary of 300", model, new int[] {300}, 40, cache, 0);
    assertRefused("id -1 is not", model, new int[] {-1}, 40, cache, 0);
    model.forward(new int[24], 40, cache, 0);
    assertRefused("beyond the model's context", model, new int[1], 64, cache, 0);
  }

  private static void assertRefused(
      String why, Gemma2 model, int[] tokens, int start, KvCache cache, int wanted) {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> model.forward(tokens, start, cache, wanted))
            .getMessage();
    assertTrue(message.contains(why), message);
  }

  @Test
  void refusesWeightsThatAreNotFinite() throws IOException {
    new RandomModel().write(folder);
    Path file = folder.resolve("model.safetensors");
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(raw.length() - 4 * 20);
      raw.write(new byte[] {0, 0, (byte) 0x80, 0x7F});
    }
    String message =
        assertThrows(InputException.class, () -> load(new PlainKernels(), new Workers(1)))
            .getMessage();
    assertTrue(
        message.startsWith(
            "Tensor model.norm.weight holds a NaN or an infinity at row 0, column 2."),
        message);
    ModelLoader.load(
        Config.read(folder),
        Checkpoint.open(folder),
        new PlainKernels(),
        new Workers(1),
        new ModelLoader.Options(false, false));
  }

  private Gemma2 load(Kernels kernels, Workers workers) {
    return ModelLoader.load(
        Config.read(folder),
        Checkpoint.open(folder),
        kernels,
        workers,
        ModelLoader.Options.DEFAULT);
  }

  private static float[][] logits(Gemma2 model, int chunk) {
    KvCache cache = new KvCache(model.config(), chunk);
    float[][] all = new float[TOKENS.length][];
    for (int start = 0; start < TOKENS.length; start += chunk) {
      int end = Math.min(start + chunk, TOKENS.length);
      float[][] logits =
          model.forward(Arrays.copyOfRange(TOKENS, start, end), start, cache, end - start);
      for (int r = 0; r < logits.length; r++) {
        all[start + r] = logits[r].clone();
      }
    }
    return all;
  }
}
