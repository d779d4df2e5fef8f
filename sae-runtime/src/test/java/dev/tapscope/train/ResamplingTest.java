package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Batch;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StateArray;
import dev.tapscope.step.Steps;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResamplingTest {
  private static final Function<SaeWeights, SaeKernels> KERNELS = weights -> Kernels.best();
  private static final SaeMaker PLAIN = (sizes, method, rows) -> Steps.plain(sizes, method);
  private static final SaeMaker SPARSE = (sizes, method, rows) -> Steps.sparse(sizes, method, 1);
  private static final SaeMaker THREADED = (sizes, method, rows) -> Steps.sparse(sizes, method, 3);

  @TempDir private Path folder;

  private static Recipe recipe(String more) {
    return Recipe.of(
        Words.line("The test", "site=a width=3 threshold=0.25 beta1=0.5 beta2=0.5")
            .then(Words.line("The test", more)));
  }

  private static Batch batch(Arena arena, int rows, float[] x, float[] y) {
    return new Batch(floats(arena, x), floats(arena, y), rows);
  }

  private static MemorySegment floats(Arena arena, float[] values) {
    MemorySegment segment = arena.allocate(4L * values.length, 64);
    MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_FLOAT, 0, values.length);
    return segment;
  }

  private static void fill(SaeInTraining sae, String name, double... values) {
    for (int i = 0; i < values.length; i++) {
      Numbers.of(sae, name).set(i, values[i]);
    }
  }

  private static double[] all(SaeInTraining sae, String name) {
    Numbers numbers = Numbers.of(sae, name);
    double[] all = new double[(int) numbers.count()];
    for (int i = 0; i < all.length; i++) {
      all[i] = numbers.get(i);
    }
    return all;
  }

  /** Moments that nothing but a resampling can make 0, each another number. */
  private static void fillMoments(SaeInTraining sae) {
    for (StateArray array : sae.state()) {
      if (array.name().startsWith("v.") || array.name().startsWith("m.")) {
        Numbers numbers = new Numbers(array);
        for (long i = 0; i < numbers.count(); i++) {
          numbers.set(i, (1 + i) * (1 + i));
        }
      }
    }
  }

  /**
   * Feature 1 is dead. b_dec is (1, 1), so the rows (1, 1) and (4, 5) are (0, 0) and (3, 4) to the
   * encoder: the first has no direction and the second one is all there is to draw. The living
   * columns have norms 3 and 5, whose mean is 4, and a fifth of that is 0.8. Second moments of
   * living rows are 1, 4 and 25, 36, two steps and one before the present; a step halves them, and
   * the mean of 0.25, 1, 12.5, 18 is 7.9375.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDeadFeatureTakesTheDirectionOfARow(boolean sparse) {
    try (Arena arena = Arena.ofConfined();
        SaeInTraining sae = sae(recipe(""), 2, 2, sparse)) {
      fill(sae, "W_enc", 0, 3, 7, 7, 5, 0);
      fill(sae, "W_dec", 0, 1, 1, 0, 1, 0);
      fill(sae, "b_enc", -9, -8, -7);
      fill(sae, "b_dec", 1, 1);
      fill(sae, "log_threshold", 1, 2, 3);
      fill(sae, "steps", 12);
      fill(sae, "settled", 10, 4, 11);
      fill(sae, "tokens_since_fired", 99, 100, 0);
      fillMoments(sae);
      Batch batch = batch(arena, 2, new float[] {1, 1, 4, 5}, new float[] {1, 1, 4, 5});

      assertEquals(1, new Resampling(recipe(""), sae, 100, KERNELS).run(batch, 7));

      assertArrayEquals(new double[] {0, 3, 0.48, 0.64, 5, 0}, all(sae, "W_enc"), 1e-7);
      assertArrayEquals(new double[] {0, 1, 0.6, 0.8, 1, 0}, all(sae, "W_dec"), 1e-7);
      assertArrayEquals(new double[] {-9, 0, -7}, all(sae, "b_enc"));
      assertArrayEquals(new double[] {1, 1}, all(sae, "b_dec"));
      assertArrayEquals(
          new double[] {1, -1.3862943611198906, 3}, all(sae, "log_threshold"), 1e-7, "ln 1/4");
      assertArrayEquals(new double[] {10, 12, 11}, all(sae, "settled"));
      assertArrayEquals(new double[] {99, 0, 0}, all(sae, "tokens_since_fired"));
      for (String matrix : List.of("W_enc", "W_dec")) {
        assertArrayEquals(new double[] {1, 4, 7.9375, 7.9375, 25, 36}, all(sae, "v." + matrix));
        assertArrayEquals(new double[] {1, 4, 0, 0, 25, 36}, all(sae, "m." + matrix));
      }
      for (String vector : List.of("b_enc", "log_threshold")) {
        assertArrayEquals(new double[] {1, 5, 9}, all(sae, "v." + vector), "the mean of 1 and 9");
        assertArrayEquals(new double[] {1, 0, 9}, all(sae, "m." + vector));
      }
      assertArrayEquals(new double[] {1, 4}, all(sae, "v.b_dec"));
      assertArrayEquals(new double[] {1, 4}, all(sae, "m.b_dec"));
      assertEquals(12, Numbers.of(sae, "steps").get(0));
    }
  }

  private static SaeInTraining sae(Recipe recipe, int inputs, int outputs, boolean sparse) {
    Dimensions sizes = new Dimensions(inputs, recipe.width(), outputs);
    return (sparse ? SPARSE : PLAIN).make(sizes, recipe.method(), 2);
  }

  /** The encoder of a transcoder reads x, which says nothing of y; all of its features are dead. */
  @Test
  void aTranscoderTakesBothSidesFromOneRow() {
    Recipe recipe = recipe("site=a>b threshold-form=direct");
    try (Arena arena = Arena.ofConfined();
        SaeInTraining sae = sae(recipe, 1, 2, false)) {
      fill(sae, "W_enc", 1, -2, 3);
      fill(sae, "b_dec", 0, 1);
      fill(sae, "tokens_since_fired", 5, 6, 7);
      // Rows with an input or without anything to decode begin no feature.
      float[] y = {0, 3, 0, 1};
      Batch batch = batch(arena, 2, new float[] {-4, 8}, y);
      assertEquals(1, new Resampling(recipe, sae, 5, KERNELS).run(batch, 1));
      assertArrayEquals(
          new double[] {-0.4, -2, 3}, all(sae, "W_enc"), 1e-15, "0.2 of the mean of 1, 2 and 3");
      assertArrayEquals(new double[] {0, 1, 0, 0, 0, 0}, all(sae, "W_dec"));
      assertArrayEquals(new double[] {0.25, 0, 0}, all(sae, "threshold"));
      assertEquals(0, new Resampling(recipe, sae, 99, KERNELS).run(batch, 1), "none is dead");
    }
  }

  /**
   * By hand: z = (x - b_dec) W_enc + b_enc is 2 * 3 + 1 = 7 and 2 * -1 + 1 = -1, so xhat is 7 * 0.5
   * + 1 = 4.5 and 1; the rows are 4 and 0.
   */
  @Test
  void errorsAreThoseOfTheSaeAsItIs() {
    Recipe recipe = recipe("width=1");
    try (Arena arena = Arena.ofConfined();
        SaeInTraining sae = sae(recipe, 1, 1, true)) {
      fill(sae, "W_enc", 2);
      fill(sae, "b_enc", 1);
      fill(sae, "W_dec", 0.5);
      fill(sae, "b_dec", 1);
      float[] rows = {4, 0};
      assertArrayEquals(
          new double[] {0.25, 1}, RowErrors.of(sae, batch(arena, 2, rows, rows), KERNELS), 1e-6);
    }
  }

  /** An SAE of zeros leaves all of y^2, 1 and 2; their squares are 1 and 4. */
  @Test
  void badRowsAreDrawnBySquaredError() {
    Recipe recipe = recipe("width=1");
    try (Arena arena = Arena.ofConfined();
        SaeInTraining sae = sae(recipe, 1, 1, false)) {
      float[] rows = {1, -1.4142135f};
      Batch batch = batch(arena, 2, rows, rows);
      int worse = 0;
      for (int step = 0; step < 4000; step++) {
        fill(sae, "W_dec", 0);
        fill(sae, "tokens_since_fired", 1);
        assertEquals(1, new Resampling(recipe, sae, 1, KERNELS).run(batch, step));
        worse += Numbers.of(sae, "W_dec").get(0) < 0 ? 1 : 0;
      }
      assertEquals(3200, worse, 3 * Math.sqrt(4000 * 0.8 * 0.2));
    }
  }

  /** Of weights 1, 0 and 3, index 2 comes first three times in four, and index 1 never comes. */
  @Test
  void rowsAreDrawnInProportionAndNoneTwice() {
    int heavyFirst = 0;
    for (int seed = 0; seed < 4000; seed++) {
      List<Integer> drawn =
          Resampling.drawn(new double[] {1, 0, 3}, 9, new SplittableRandom(seed * 977L));
      assertTrue(drawn.equals(List.of(0, 2)) || drawn.equals(List.of(2, 0)), drawn::toString);
      heavyFirst += drawn.getFirst() == 2 ? 1 : 0;
    }
    assertEquals(3000, heavyFirst, 3 * Math.sqrt(4000 * 0.25 * 0.75));
    assertEquals(1, Resampling.drawn(new double[] {1, 1}, 1, new SplittableRandom(1)).size());
  }

  /** A training of 64 features of which every other one has a threshold that nothing gets over. */
  private static Trainer halfDead(String more, SaeMaker maker) {
    Words words =
        Words.line(
                "The test",
                "site=a width=64 batch=64 steps=600 lr=1e-2 lr-warmup=20 lambda=0.01"
                    + " lambda-warmup=100 bandwidth=0.1 threshold=0.1 dead-after=6400 log-every=50")
            .then(Words.line("The test", more));
    Plan plan = new Plan(Course.of(words), List.of(new Task("sae", Recipe.of(words))), Map.of());
    List<SaeInTraining> made = new ArrayList<>();
    Trainer trainer =
        Trainer.start(
            plan,
            sources(),
            (sizes, method, rows) -> {
              made.add(maker.make(sizes, method, rows));
              return made.getFirst();
            });
    for (int f = 0; f < 64; f += 2) {
      Numbers.of(made.getFirst(), "log_threshold").set(f, 9);
    }
    return trainer;
  }

  private static Map<String, PlantedRows> sources() {
    return Map.of("a", new PlantedRows(32, 64, 2, 3));
  }

  /** The lines of steps up to one. */
  private static List<StepMetrics> train(Trainer trainer, long until) {
    List<StepMetrics> all = new ArrayList<>();
    while (trainer.step() < until) {
      all.addAll(trainer.next());
    }
    return all;
  }

  /**
   * Silent for 100 steps, features are dead; they begin anew before steps 200 and 400, counted from
   * 0, and not before step 600, of which there is none.
   */
  @Test
  void deadFeaturesLive() {
    try (Trainer treated = halfDead("resample-every=200", SPARSE);
        Trainer counted = halfDead("", SPARSE)) {
      List<StepMetrics> with = train(treated, 600);
      List<StepMetrics> without = train(counted, 600);
      assertEquals(
          List.of(201L, 401L),
          with.stream().filter(m -> m.resampled().isPresent()).map(StepMetrics::step).toList());
      StepMetrics first =
          with.stream().filter(m -> m.resampled().isPresent()).findFirst().orElseThrow();
      assertTrue(first.resampled().getAsLong() >= 32, first::toString);
      assertEquals((double) first.resampled().getAsLong(), first.line().get("resampled"));
      assertFalse(with.getFirst().line().containsKey("resampled"));
      assertTrue(without.getLast().dead() >= 32, without.getLast()::toString);
      assertTrue(with.getLast().dead() <= 20, with.getLast()::toString);
      assertTrue(with.getLast().fvu() < without.getLast().fvu(), () -> with + " " + without);
    }
  }

  /** Killed just before the first resampling, just after it, and between the two. */
  @ParameterizedTest
  @ValueSource(longs = {200, 201, 300})
  void resumedAndThreadedItIsTheSame(long killed) throws IOException {
    Path straight = folder.resolve("straight");
    List<StepMetrics> all;
    try (Trainer trainer = halfDead("resample-every=200 clip=1", THREADED)) {
      all = train(trainer, 600);
      trainer.save(straight);
    }
    Path broken = folder.resolve("broken");
    List<StepMetrics> lines;
    try (Trainer trainer = halfDead("resample-every=200 clip=1", SPARSE)) {
      lines = train(trainer, killed);
      trainer.save(broken);
    }
    try (Trainer trainer = Trainer.resume(broken, Checkpoint.read(broken), sources(), SPARSE)) {
      lines.addAll(train(trainer, 600));
      trainer.save(broken);
    }
    assertEquals(all, lines);
    assertEquals(-1, Files.mismatch(straight, broken));
  }
}
