package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/** Every kernel, by the classes that launch it, against double precision on fresh numbers. */
final class CheckKernels {
  private static final double BANDWIDTH = 0.05;

  private final Gpu gpu;
  private final Measures measures;
  private final long seed;

  CheckKernels(Gpu gpu, Measures measures, long seed) {
    this.gpu = gpu;
    this.measures = measures;
    this.seed = seed;
  }

  /** Settings that between them use everything a step can do; one for each shape. */
  private static List<TrainingSettings> settings(double density, Precision precision) {
    return List.of(
        new TrainingSettings(
            new TrainingSettings.L0(),
            BANDWIDTH,
            false,
            true,
            false,
            false,
            0,
            0.999,
            1e-8,
            OptionalDouble.empty(),
            density,
            precision),
        new TrainingSettings(
            new TrainingSettings.TargetL0(10),
            BANDWIDTH,
            true,
            false,
            true,
            true,
            0,
            0.999,
            1e-8,
            OptionalDouble.of(0.3),
            density,
            precision),
        new TrainingSettings(
            new TrainingSettings.Tanh(4),
            BANDWIDTH,
            false,
            true,
            false,
            false,
            0.9,
            0.999,
            1e-8,
            OptionalDouble.empty(),
            density,
            precision));
  }

  void check(List<Scale.Shape> shapes) {
    CheckInference inference = new CheckInference(gpu, measures);
    CheckTraining training = new CheckTraining(gpu, measures);
    for (int i = 0; i < shapes.size(); i++) {
      Scale.Shape shape = shapes.get(i);
      int which = i;
      measures.attempt("an SAE of " + shape, () -> inference.check(numbers(shape, which)));
      for (boolean dense : new boolean[] {false, true}) {
        double density = dense ? TrainingSettings.ALWAYS_DENSE : TrainingSettings.NEVER_DENSE;
        String way = dense ? "dense" : "sparse";
        measures.attempt(
            "training of %s, %s".formatted(shape, way),
            () ->
                training.check(
                    numbers(shape, which), settings(density, Precision.EXACT).get(which), way));
      }
      measures.attempt(
          "fast training of " + shape,
          () ->
              training.checkFast(
                  numbers(shape, which),
                  settings(TrainingSettings.NEVER_DENSE, Precision.FAST).get(which)));
    }
  }

  /** The same for every piece of a shape. */
  private Numbers numbers(Scale.Shape shape, int which) {
    return new Numbers(shape, settings(0, Precision.EXACT).get(which), seed);
  }

  /** One product of halves by cuBLAS, against double: that it is called as it means to be. */
  void product() {
    Optional<Gemm> gemm = gpu.cublas();
    if (gemm.isEmpty()) {
      measures.say("product by cuBLAS", GpuCheck.words(Cublas.probe()));
      return;
    }
    int rows = 70;
    int features = 90;
    int width = 128;
    Gemm library = gemm.get();
    try (Arena arena = Arena.ofConfined();
        DeviceArray x = gpu.memory().take("x", 2L * rows * width);
        DeviceArray w = gpu.memory().take("w", 2L * features * width);
        DeviceArray product = gpu.memory().take("the product", 4L * rows * features)) {
      SplittableRandom random = new SplittableRandom(seed);
      MemorySegment left = halves(arena, random, rows * width);
      MemorySegment right = halves(arena, random, features * width);
      x.upload(left);
      w.upload(right);
      library.halves(
          Gemm.Matrix.of(x, width),
          Gemm.Matrix.of(w, width),
          Gemm.Matrix.of(product, features),
          rows,
          features,
          width);
      gpu.synchronize();
      MemorySegment got = Synthetic.floats(arena, (long) rows * features);
      product.download(got);
      double[] expected = new double[rows * features];
      for (int i = 0; i < expected.length; i++) {
        for (int k = 0; k < width; k++) {
          expected[i] +=
              (double) half(left, i / features * width + k) * half(right, i % features * width + k);
        }
      }
      measures.close("product by cuBLAS", got.toArray(ValueLayout.JAVA_FLOAT), expected, 1e-6);
    }
  }

  private static MemorySegment halves(Arena arena, SplittableRandom random, int count) {
    MemorySegment to = arena.allocate(2L * count, 16);
    for (int i = 0; i < count; i++) {
      short half = Float.floatToFloat16((float) random.nextGaussian());
      to.setAtIndex(ValueLayout.JAVA_SHORT, i, half);
    }
    return to;
  }

  private static float half(MemorySegment halves, int at) {
    return Float.float16ToFloat(halves.getAtIndex(ValueLayout.JAVA_SHORT, at));
  }
}
