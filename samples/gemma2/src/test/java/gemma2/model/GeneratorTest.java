package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gemma2.io.Checkpoint;
import gemma2.math.Kernels;
import gemma2.math.Matrix;
import gemma2.math.PlainKernels;
import gemma2.math.Workers;
import gemma2.testing.RandomModel;
import gemma2.testing.SlowGemma2;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeneratorTest {

  private static final boolean[] SLIDES = {true, false, true};
  private static final int[] PROMPT = {2, 17, 170, 44, 9, 9, 61};

  @TempDir static Path folder;
  private static RandomModel random;
  private static Gemma2 model;

  @BeforeAll
  static void load() {
    random = new RandomModel().write(folder);
    model = load(new PlainKernels());
  }

  private static Gemma2 load(Kernels kernels) {
    return ModelLoader.load(
        Config.read(folder),
        Checkpoint.open(folder),
        kernels,
        new Workers(1),
        ModelLoader.Options.DEFAULT);
  }

  @Test
  void continuesAsTheFormulasDo() {
    SlowGemma2 slow = new SlowGemma2(random);
    int[] text = PROMPT;
    List<Double> logProbabilities = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      double[] logits = slow.logits(text, SLIDES)[text.length - 1];
      int best =
          IntStream.range(0, logits.length)
              .reduce((a, b) -> logits[b] > logits[a] ? b : a)
              .orElseThrow();
      double sum = Arrays.stream(logits).map(Math::exp).sum();
      logProbabilities.add(logits[best] - Math.log(sum));
      text = Arrays.copyOf(text, text.length + 1);
      text[text.length - 1] = best;
    }
    Generator.Result result = generate(8, 3, Set.of(), false);
    assertArrayEquals(Arrays.copyOfRange(text, PROMPT.length, text.length), result.ids());
    assertEquals(Generator.Finish.LENGTH, result.finish());
    for (int i = 0; i < 8; i++) {
      assertEquals(logProbabilities.get(i), result.steps().get(i).logProbability(), 1e-4);
    }
  }

  @Test
  void dependsNeitherOnChunksNorOnWhichLogitsAreComputed() {
    List<Generator.Step> steps = generate(20, 100, Set.of(), false).steps();
    assertEquals(steps, generate(20, 2, Set.of(), false).steps());
    assertEquals(steps, generate(20, 4, Set.of(), true).steps());
  }

  @Test
  void stopsAtATokenThatEndsTheText() {
    int[] ids = generate(8, 3, Set.of(), false).ids();
    int third = ids[2];
    int before = IntStream.range(0, 3).filter(i -> ids[i] == third).findFirst().orElseThrow();
    Generator.Result stopped = generate(8, 3, Set.of(third), false);
    assertEquals(Generator.Finish.EOS, stopped.finish());
    assertArrayEquals(Arrays.copyOf(ids, before + 1), stopped.ids());
  }

  @Test
  void stopsWhereTheContextEnds() {
    Generator.Result result = generate(1000, 3, Set.of(), false);
    assertEquals(Generator.Finish.CONTEXT, result.finish());
    // The last token of the 64 + 1 was predicted, but cannot be read again.
    assertEquals(64 - PROMPT.length + 1, result.ids().length);
  }

  @Test
  void generatesNothingWhenAskedTo() {
    assertEquals(0, generate(0, 3, Set.of(), false).ids().length);
  }

  @Test
  void scoresAsTheFormulasDo() {
    int[] text = IntStream.range(0, 30).map(i -> i == 0 ? 2 : (i * 37 + 11) % 300).toArray();
    double[] whole = new Scorer(model, 64, 32, 7).score(text).losses();
    double[][] logits = new SlowGemma2(random).logits(text, SLIDES);
    for (int t = 1; t < text.length; t++) {
      assertEquals(loss(logits[t - 1], text[t]), whole[t - 1], 1e-4);
    }
  }

  /** Windows of 10: BOS and positions 1-9, BOS and 5-13, and so on; each scores what is new. */
  @Test
  void scoresLongTextsInWindowsThatBeginWithBos() {
    int[] text = IntStream.range(0, 30).map(i -> i == 0 ? 2 : (i * 37 + 11) % 300).toArray();
    Scorer.Score score = new Scorer(model, 10, 4, 128).score(text);
    assertEquals(6, score.windows());
    SlowGemma2 slow = new SlowGemma2(random);
    int scored = 1;
    for (int begin = 1; scored < text.length; begin += 4) {
      int end = Math.min(begin + 9, text.length);
      int[] window = Arrays.copyOfRange(text, begin - 1, end);
      window[0] = 2;
      double[][] logits = slow.logits(window, SLIDES);
      for (int t = scored; t < end; t++) {
        assertEquals(loss(logits[t - begin], text[t]), score.losses()[t - 1], 1e-4);
      }
      scored = end;
    }
    assertEquals(Arrays.stream(score.losses()).sum() / 29, score.mean(), 1e-12);
  }

  /** Windows of 10 without BOS: 0-9, 4-13, and so on. */
  @Test
  void scoresLongTextsWithoutBos() {
    int[] text = IntStream.range(0, 12).map(i -> (i * 37 + 11) % 300).toArray();
    Scorer.Score score = new Scorer(model, 10, 4, 128).score(text);
    assertEquals(2, score.windows());
    double[][] logits = new SlowGemma2(random).logits(Arrays.copyOfRange(text, 4, 12), SLIDES);
    assertEquals(loss(logits[6], text[11]), score.losses()[10], 1e-4);
  }

  /** 29 losses need 29 rows of logits, whatever the windows overlap; no chunk ends beyond them. */
  @Test
  void computesLogitsOnlyWhereTheyAreNeeded() {
    int[] text = IntStream.range(0, 30).map(i -> i == 0 ? 2 : (i * 37 + 11) % 300).toArray();
    AtomicInteger rows = new AtomicInteger();
    Gemma2 counting = load(countingHeadRows(rows));
    new Scorer(counting, 10, 4, 3).score(text);
    assertEquals(29, rows.getAndSet(0));
    generate(counting, 3, 2, Set.of(), false);
    assertEquals(3, rows.getAndSet(0));
    generate(counting, 3, 2, Set.of(), true);
    assertEquals(PROMPT.length + 2, rows.getAndSet(0));
    generate(counting, 0, 2, Set.of(), false);
    assertEquals(0, rows.get());
  }

  /** Plain kernels that count the rows the output matrix, of 300 words, is multiplied by. */
  private static Kernels countingHeadRows(AtomicInteger rows) {
    Kernels plain = new PlainKernels();
    return (Kernels)
        Proxy.newProxyInstance(
            Kernels.class.getClassLoader(),
            new Class<?>[] {Kernels.class},
            (proxy, method, args) -> {
              if (args != null && args[0] instanceof Matrix w && w.rows() == 300) {
                rows.addAndGet(((float[][]) args[1]).length);
              }
              return method.invoke(plain, args);
            });
  }

  private static double loss(double[] logits, int id) {
    return Math.log(Arrays.stream(logits).map(Math::exp).sum()) - logits[id];
  }

  private static Generator.Result generate(
      int most, int chunk, Set<Integer> stop, boolean allLogits) {
    return generate(model, most, chunk, stop, allLogits);
  }

  private static Generator.Result generate(
      Gemma2 from, int most, int chunk, Set<Integer> stop, boolean allLogits) {
    Sampler greedy = new Sampler(new Sampler.Settings(0, 0, 1, 0));
    List<Generator.Step> told = new ArrayList<>();
    Generator.Result result =
        new Generator(from, new Generator.Settings(most, chunk, stop, allLogits))
            .generate(PROMPT, greedy, told::add);
    assertEquals(told, result.steps());
    return result;
  }
}
