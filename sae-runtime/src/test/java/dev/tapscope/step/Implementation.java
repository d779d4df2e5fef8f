package dev.tapscope.step;

import dev.tapscope.cuda.TrainingSettings;
import dev.tapscope.emulated.EmulatedGpu;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** An implementation of {@link SaeInTraining} as its tests see it: given rows of doubles. */
sealed interface Implementation {
  /** All of them: each has to pass the same tests. */
  static Stream<Implementation> all() {
    return Stream.of(
        new InDouble("plain", false),
        new InDouble("plain, lazy", true),
        new InFloat("plain on float32 rows", (d, m) -> new PlainSae(d, m, false)),
        new InFloat("sparse", (d, m) -> sparse(d, m, Density.NEVER)),
        new InFloat("dense", (d, m) -> sparse(d, m, Density.ALWAYS)),
        new InFloat("cuda, sparse", (d, m) -> cuda(d, m, TrainingSettings.NEVER_DENSE)),
        new InFloat("cuda, dense", (d, m) -> cuda(d, m, TrainingSettings.ALWAYS_DENSE)));
  }

  /** On the emulated GPU; where there is none, tests are skipped. */
  private static Examined cuda(Dimensions dimensions, Method method, double density) {
    return new CudaSae(EmulatedGpu.opened(), dimensions, method, density);
  }

  private static Examined sparse(Dimensions dimensions, Method method, Density density) {
    return new SparseSae(dimensions, method, 2, PhaseClock.NONE, true, density);
  }

  SaeInTraining make(Dimensions dimensions, Method method);

  /** Whether it runs on the emulated GPU, which is slow, and where nothing gets warm. */
  default boolean emulated() {
    return toString().startsWith("cuda");
  }

  StepReport step(SaeInTraining sae, DoubleRows rows, Rates rates);

  Activations activations(SaeInTraining sae, DoubleRows rows);

  Gradients gradients(SaeInTraining sae, DoubleRows rows, double sparsity);

  /** Largest difference from what is right, relative to the largest value of an array. */
  double tolerance();

  /** The same for how far a step has moved parameters, relative to the mean square. */
  double movementTolerance();

  /** The plain loops, given doubles; lazy where Adam can be. */
  record InDouble(String name, boolean lazy) implements Implementation {
    @Override
    public PlainSae make(Dimensions dimensions, Method method) {
      return new PlainSae(dimensions, method, lazy && method.adam().beta1() == 0);
    }

    @Override
    public StepReport step(SaeInTraining sae, DoubleRows rows, Rates rates) {
      return ((PlainSae) sae).step(rows, rates);
    }

    @Override
    public Activations activations(SaeInTraining sae, DoubleRows rows) {
      return ((PlainSae) sae).activations(rows);
    }

    @Override
    public Gradients gradients(SaeInTraining sae, DoubleRows rows, double sparsity) {
      return ((PlainSae) sae).gradients(rows, sparsity);
    }

    @Override
    public double tolerance() {
      return 1e-12;
    }

    @Override
    public double movementTolerance() {
      return 1e-9;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** One that is given rows as training gives them. */
  record InFloat(String name, BiFunction<Dimensions, Method, Examined> maker)
      implements Implementation {
    @Override
    public Examined make(Dimensions dimensions, Method method) {
      return maker.apply(dimensions, method);
    }

    @Override
    public StepReport step(SaeInTraining sae, DoubleRows rows, Rates rates) {
      return sae.step(TrainingArrays.batch(rows), rates);
    }

    @Override
    public Activations activations(SaeInTraining sae, DoubleRows rows) {
      return ((Examined) sae).activations(TrainingArrays.batch(rows));
    }

    @Override
    public Gradients gradients(SaeInTraining sae, DoubleRows rows, double sparsity) {
      return ((Examined) sae).gradients(TrainingArrays.batch(rows), sparsity);
    }

    @Override
    public double tolerance() {
      return 2e-5;
    }

    @Override
    public double movementTolerance() {
      return 0.02;
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
