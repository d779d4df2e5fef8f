package dev.tapscope.cuda;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/**
 * What {@link CublasTest} runs in JVMs of their own, since a JVM loads one cuBLAS: prints what was
 * found, and what is wrong with its products.
 */
final class CublasTrial {
  private CublasTrial() {}

  /**
   * @param arguments {@code probe}, {@code products}, {@code cost} or {@code check FILE}
   */
  public static void main(String[] arguments) throws IOException {
    EmulatedDriver.require();
    System.out.println(Cublas.probe());
    if (arguments[0].equals("probe")) {
      return;
    }
    try (Gpu gpu = Gpu.open()) {
      if (arguments[0].equals("products")) {
        halves(gpu);
        chunk(gpu);
        floats(gpu);
        refusals(gpu);
        lists(gpu);
      } else if (arguments[0].equals("cost")) {
        cost(gpu);
        memory(gpu);
      } else {
        Measures measures = new Measures(Path.of(arguments[1]));
        CheckKernels check = new CheckKernels(gpu, measures, 7);
        check.product();
        check.check(List.of(Scale.TINY.shapes().get(1)));
        Map<String, Object> values = Measures.read(Path.of(arguments[1]));
        values.keySet().removeIf(name -> !name.startsWith(Measures.FAILED));
        require(values.isEmpty(), values.toString());
      }
      System.out.println("bytes " + gpu.bytesInUse());
    }
    System.out.println("live allocations " + EmulatedDriver.count("live-allocations"));
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  /** A part of w, with rows farther apart than they are wide; what lies between stays as it was. */
  private static void halves(Gpu gpu) {
    int rows = 3;
    int features = 5;
    int first = 2;
    int width = 11;
    int stride = 16;
    float[] x = numbers(rows * stride, 1);
    float[] w = numbers((first + features) * stride, 2);
    float[] before = numbers(rows * (features + 1), 3);
    try (DeviceArray left = halves(gpu, x);
        DeviceArray right = halves(gpu, w);
        DeviceArray product = floats(gpu, before)) {
      gpu.cublas()
          .orElseThrow()
          .halves(
              Gemm.Matrix.of(left, stride),
              new Gemm.Matrix(right, 2L * first * stride, stride),
              Gemm.Matrix.of(product, features + 1),
              rows,
              features,
              width);
      float[] got = download(gpu, product, before.length);
      for (int row = 0; row < rows; row++) {
        for (int f = 0; f < features; f++) {
          double sum = 0;
          for (int k = 0; k < width; k++) {
            sum += (double) half(x[row * stride + k]) * half(w[(first + f) * stride + k]);
          }
          close(got[row * (features + 1) + f], sum);
        }
        int between = row * (features + 1) + features;
        require(got[between] == before[between], "what lies between the rows was written");
      }
    }
  }

  /** As the encoder asks for it: some features in the middle. */
  private static void chunk(Gpu gpu) {
    int rows = 4;
    int first = 3;
    int count = 2;
    int stride = 8;
    float[] x = numbers(rows * stride, 9);
    float[] w = numbers(7 * stride, 10);
    try (DeviceArray left = halves(gpu, x);
        DeviceArray right = halves(gpu, w);
        DeviceArray product = floats(gpu, new float[rows * count])) {
      gpu.screening().orElseThrow().multiply(left, rows, right, first, count, stride, product);
      float[] got = download(gpu, product, rows * count);
      for (int i = 0; i < got.length; i++) {
        double sum = 0;
        for (int k = 0; k < stride; k++) {
          double factor = half(x[i / count * stride + k]);
          sum += factor * half(w[(first + i % count) * stride + k]);
        }
        close(got[i], sum);
      }
    }
  }

  private static void floats(Gpu gpu) {
    int m = 4;
    int n = 3;
    int k = 7;
    float[] a = numbers(m * k, 4);
    float[] b = numbers(n * k, 5);
    float[] before = numbers(m * n, 6);
    Products products = gpu.products();
    require(products instanceof CublasProducts, "dense steps do not use cuBLAS");
    for (boolean add : new boolean[] {false, true}) {
      for (int form = 0; form < 3; form++) {
        try (DeviceArray left = floats(gpu, a);
            DeviceArray right = floats(gpu, b);
            DeviceArray product = floats(gpu, before)) {
          long at = left.address();
          long by = right.address();
          long to = product.address();
          switch (form) {
            case 0 -> products.nt(gpu.stream(), m, n, k, at, by, add, to);
            case 1 -> products.nn(gpu.stream(), m, n, k, at, by, add, to);
            default -> products.tn(gpu.stream(), m, n, k, at, by, add, to);
          }
          float[] got = download(gpu, product, m * n);
          for (int i = 0; i < m * n; i++) {
            int row = i / n;
            int column = i % n;
            double sum = add ? before[i] : 0;
            for (int l = 0; l < k; l++) {
              double factor = form == 2 ? a[l * m + row] : a[row * k + l];
              sum += factor * (form == 0 ? b[column * k + l] : b[l * n + column]);
            }
            close(got[i], sum);
          }
        }
      }
    }
  }

  /** What would write past an array is not handed over. */
  private static void refusals(Gpu gpu) {
    try (DeviceArray array = floats(gpu, new float[64])) {
      Gemm gemm = gpu.cublas().orElseThrow();
      Gemm.Matrix matrix = Gemm.Matrix.of(array, 8);
      try {
        gemm.halves(matrix, matrix, matrix, 9, 8, 8);
        throw new AssertionError("9 rows of 8 floats fit into 64");
      } catch (IllegalArgumentException e) {
        require(e.getMessage().contains("has 256 bytes"), e.getMessage());
      }
    }
  }

  /** With cuBLAS or without, the exact encoder's lists have the same bits. */
  private static void lists(Gpu gpu) {
    int rows = 33;
    int inputs = 72;
    int features = 150;
    float[] x = numbers(rows * inputs, 7);
    float[] w = numbers(features * inputs, 8);
    float[] thresholds = new float[features];
    Arrays.fill(thresholds, 1);
    try (DeviceArray batch = floats(gpu, x);
        DeviceArray encoder = floats(gpu, w);
        DeviceArray bias = floats(gpu, new float[features]);
        DeviceArray threshold = floats(gpu, thresholds);
        DeviceArray flags = gpu.memory().take("the flags", 4)) {
      Lists[] lists = new Lists[2];
      for (int i = 0; i < 2; i++) {
        try (Encoder by = new Encoder(gpu, inputs, features, Precision.EXACT);
            Pairs pairs = new Pairs(gpu.memory(), rows, features)) {
          if (i == 1) {
            require(gpu.screening().isPresent(), "a Hopper card screens without cuBLAS");
            by.through(gpu.screening().get());
          }
          by.shadow(encoder);
          flags.clear(gpu.stream());
          by.encode(
              batch, Optional.empty(), rows, encoder, bias, threshold, 0, false, pairs, flags);
          gpu.synchronize();
          lists[i] = Lists.download(gpu, pairs, rows);
        }
      }
      require(Arrays.equals(lists[0].counts(), lists[1].counts()), "the counts differ");
      int active = Arrays.stream(lists[0].counts()).sum();
      require(active > 100, "only %d pairs are active".formatted(active));
      for (int row = 0; row < rows; row++) {
        int from = lists[0].starts()[row];
        int to = from + lists[0].counts()[row];
        require(
            Arrays.equals(lists[0].features(), from, to, lists[1].features(), from, to)
                && Arrays.equals(lists[0].z(), from, to, lists[1].z(), from, to),
            "the lists of row %d differ".formatted(row));
      }
    }
  }

  /** With cuBLAS, too, a step is not more launches than it may be. */
  private static void cost(Gpu gpu) {
    for (Precision precision : Precision.values()) {
      for (boolean clip : new boolean[] {false, true}) {
        StepCost cost = StepCost.of(gpu, precision, clip);
        System.out.printf(
            "a sparse step by cuBLAS, %s%s: %s%n", precision, clip ? " and clipped" : "", cost);
        require(cost.products() > 0, "cuBLAS was not asked");
        require(cost.all() <= StepCost.MOST_LAUNCHES, cost.toString());
      }
    }
  }

  /** What products by cuBLAS take is stated of a training's memory. */
  private static void memory(Gpu gpu) {
    int width = 8;
    int features = 2_000;
    int rows = 300;
    TrainingSettings settings =
        new TrainingSettings(
            new TrainingSettings.L0(),
            0.2,
            false,
            true,
            false,
            true,
            0,
            0.999,
            1e-8,
            OptionalDouble.empty(),
            TrainingSettings.USUAL_DENSITY,
            Precision.EXACT);
    gpu.cublas();
    long before = gpu.bytesInUse();
    EmulatedDriver.configure("null=1"); // lists stay as short as they begin
    try (GpuTraining sae = new GpuTraining(gpu, width, features, width, settings)) {
      MemorySegment batch = Training.floats(new double[rows * width]);
      sae.step(batch, batch, rows, 0, 0);
      long used = gpu.bytesInUse() - before;
      long stated =
          GpuTraining.bytes(gpu, width, features, width, rows, settings)
              - DenseSteps.bytes(width, features, width, rows, settings, GpuTraining.USUAL_CHUNK);
      require(used <= stated, "%d bytes are used, %d stated".formatted(used, stated));
    } finally {
      EmulatedDriver.configure("");
    }
  }

  private static float[] numbers(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private static float half(float value) {
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }

  private static DeviceArray floats(Gpu gpu, float[] values) {
    return take(gpu, MemorySegment.ofArray(values));
  }

  private static DeviceArray halves(Gpu gpu, float[] values) {
    short[] halves = new short[values.length];
    for (int i = 0; i < halves.length; i++) {
      halves[i] = Float.floatToFloat16(values[i]);
    }
    return take(gpu, MemorySegment.ofArray(halves));
  }

  private static DeviceArray take(Gpu gpu, MemorySegment values) {
    DeviceArray array = gpu.memory().take("a matrix", values.byteSize());
    try (Arena arena = Arena.ofConfined()) {
      array.upload(arena.allocate(values.byteSize(), 16).copyFrom(values));
    }
    return array;
  }

  private static float[] download(Gpu gpu, DeviceArray array, int count) {
    gpu.synchronize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = arena.allocate(4L * count, 16);
      array.download(to);
      return to.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static void close(float got, double expected) {
    require(Math.abs(got - expected) < 1e-5, got + " instead of " + expected);
  }
}
