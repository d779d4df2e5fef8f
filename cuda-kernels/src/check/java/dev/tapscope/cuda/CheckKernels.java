package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/** Every kernel, by the classes that launch it, against double precision on fresh numbers. */
final class CheckKernels {
  private static final double BANDWIDTH = 0.05;
  private static final double LEARNING_RATE = 1e-3;
  private static final double COEFFICIENT = 0.1;

  /** How near to a threshold, or to an edge of its band, no preactivation may be here. */
  private static final double MARGIN = 3e-5;

  /** Of gradients, reconstructions and the like, relative to the length of the whole array. */
  private static final double CLOSE = 2e-5;

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
    for (int i = 0; i < shapes.size(); i++) {
      Scale.Shape shape = shapes.get(i);
      int which = i;
      measures.attempt(
          "an SAE of " + shape, () -> inference(shape, new Numbers(shape, which, seed)));
      for (boolean dense : new boolean[] {false, true}) {
        double density = dense ? TrainingSettings.ALWAYS_DENSE : TrainingSettings.NEVER_DENSE;
        measures.attempt(
            "training of " + shape + (dense ? ", dense" : ", sparse"),
            () ->
                training(
                    shape,
                    settings(density, Precision.EXACT).get(which),
                    new Numbers(shape, which, seed),
                    dense ? "dense" : "sparse"));
      }
      measures.attempt(
          "fast training of " + shape,
          () ->
              fast(
                  shape,
                  settings(TrainingSettings.NEVER_DENSE, Precision.FAST).get(which),
                  new Numbers(shape, which, seed)));
    }
  }

  /** Random weights and rows, their thresholds where no gate is in doubt. */
  private static final class Numbers {
    final MemorySegment encoder;
    final MemorySegment decoder;
    final MemorySegment encoderBias;
    final MemorySegment decoderBias;
    final MemorySegment threshold;
    final MemorySegment trainedThreshold;
    final MemorySegment x;
    final MemorySegment y;
    final Arena arena = Arena.ofShared();

    Numbers(Scale.Shape shape, int which, long seed) {
      TrainingSettings settings = settings(0, Precision.EXACT).get(which);
      encoder = Synthetic.units(arena, shape.features(), shape.inputs(), seed + 1);
      decoder = Synthetic.units(arena, shape.features(), shape.outputs(), seed + 2);
      x = Synthetic.rows(arena, shape.rows(), shape.inputs(), seed + 3);
      y =
          shape.inputs() == shape.outputs()
              ? x
              : Synthetic.rows(arena, shape.rows(), shape.outputs(), seed + 4);
      SplittableRandom random = new SplittableRandom(seed + 5);
      encoderBias = small(random, shape.features());
      decoderBias = small(random, shape.outputs());
      float[] zero = new float[shape.features()];
      Arrays.fill(zero, Float.MAX_VALUE);
      Reference reference = reference(shape, settings, Synthetic.copy(arena, zero));
      float[] thresholds = thresholds(shape, reference.z, random);
      trainedThreshold = Synthetic.copy(arena, thresholds);
      if (settings.logThreshold()) {
        for (int k = 0; k < thresholds.length; k++) {
          float log = (float) Math.log(thresholds[k]);
          trainedThreshold.setAtIndex(ValueLayout.JAVA_FLOAT, k, log);
          thresholds[k] = (float) Math.exp(log);
        }
      }
      threshold = Synthetic.copy(arena, thresholds);
    }

    Reference reference(Scale.Shape shape, TrainingSettings settings, MemorySegment thresholds) {
      return new Reference(
          shape,
          settings,
          Reference.doubles(encoder),
          Reference.doubles(decoder),
          Reference.doubles(encoderBias),
          Reference.doubles(decoderBias),
          Reference.doubles(thresholds),
          Reference.doubles(x));
    }

    private MemorySegment small(SplittableRandom random, int size) {
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = (float) (0.02 * random.nextGaussian());
      }
      return Synthetic.copy(arena, values);
    }

    /** Such that about an eighth of the rows have a feature, and no row is close to its gate. */
    private static float[] thresholds(Scale.Shape shape, double[] z, SplittableRandom random) {
      float[] thresholds = new float[shape.features()];
      double[] column = new double[shape.rows()];
      for (int k = 0; k < thresholds.length; k++) {
        for (int row = 0; row < column.length; row++) {
          column[row] = z[row * shape.features() + k];
        }
        Arrays.sort(column);
        thresholds[k] = 10;
        for (int time = 0; time < 50; time++) {
          int at = column.length - 1 - random.nextInt(Math.max(1, column.length / 4));
          double threshold = Math.max(0.01, column[at] - 1e-3 - 0.01 * random.nextDouble());
          if (isClear(column, threshold)) {
            thresholds[k] = (float) threshold;
            break;
          }
        }
      }
      return thresholds;
    }

    private static boolean isClear(double[] column, double threshold) {
      for (double value : column) {
        double distance = Math.abs(value - threshold);
        if (distance < MARGIN || Math.abs(distance - BANDWIDTH / 2) < MARGIN) {
          return false;
        }
      }
      // Where the relu comes first, 0 is a preactivation too.
      return Math.abs(threshold - BANDWIDTH / 2) >= MARGIN;
    }
  }

  private void inference(Scale.Shape shape, Numbers numbers) {
    TrainingSettings plain = settings(0, Precision.EXACT).get(0);
    TrainingSettings noRelu =
        new TrainingSettings(
            plain.penalty(),
            BANDWIDTH,
            false,
            false,
            false,
            false,
            0,
            0.999,
            1e-8,
            OptionalDouble.empty(),
            0,
            Precision.EXACT);
    Reference reference = numbers.reference(shape, noRelu, numbers.threshold);
    String of = " of " + shape;
    float[] x = numbers.x.toArray(ValueLayout.JAVA_FLOAT);
    GpuSae.Weights weights =
        new GpuSae.Weights(
            shape.inputs(),
            rowsOf(numbers.encoder),
            numbers.encoderBias.toArray(ValueLayout.JAVA_FLOAT),
            numbers.threshold.toArray(ValueLayout.JAVA_FLOAT),
            rowsOf(numbers.decoder),
            numbers.decoderBias.toArray(ValueLayout.JAVA_FLOAT));
    try (GpuSae sae = new GpuSae(gpu, weights, Precision.EXACT)) {
      // Few rows and many go different ways.
      for (int rows : List.of(Math.min(3, shape.rows()), shape.rows())) {
        ActiveLists lists = sae.encode(Arrays.copyOf(x, rows * shape.inputs()), rows);
        compare(shape, Precision.EXACT, reference, Lists.of(lists), of + ", rows " + rows);
        float[] xhat = new float[rows * shape.outputs()];
        sae.decode(lists.starts(), lists.features(), lists.values(), xhat);
        close("xhat" + of + ", rows " + rows, xhat, reference.xhat, CLOSE);
      }
      float[] z = new float[shape.rows() * shape.features()];
      sae.preactivations(x, shape.rows(), z);
      closeToSize("z" + of, shape, z, reference);
    }
    screened(shape, numbers, reference, of);
  }

  private static GpuSae.Rows rowsOf(MemorySegment matrix) {
    return (feature, into) ->
        into.copyFrom(matrix.asSlice(feature * into.byteSize(), into.byteSize()));
  }

  private void compare(
      Scale.Shape shape, Precision precision, Reference reference, Lists lists, String of) {
    lists.check(measures, precision, 1, shape.inputs(), shape.features(), reference::row, of);
  }

  private void closeToSize(String name, Scale.Shape shape, float[] z, Reference reference) {
    double largest = 0;
    for (int i = 0; i < z.length; i++) {
      double size = reference.size(i / shape.features(), i % shape.features());
      double error = Math.abs(z[i] - reference.z[i]) / size;
      largest = error > largest || Double.isNaN(error) ? error : largest;
    }
    measures.check(name, largest, 1e-6);
  }

  /** Each way on which a row can come to its list, whichever of them an SAE takes on this card. */
  private void screened(Scale.Shape shape, Numbers numbers, Reference reference, String of) {
    Optional<Gemm> gemm = gpu.cublas();
    for (Precision precision : Precision.values()) {
      String how = of + ", screened " + precision;
      compare(
          shape,
          precision,
          reference,
          screened(shape, numbers, precision, Optional.empty()),
          how + " by own kernels");
      if (gemm.isPresent()) {
        compare(
            shape,
            precision,
            reference,
            screened(shape, numbers, precision, gemm),
            how + " by cuBLAS");
      } else {
        measures.say(how + " by cuBLAS", GpuCheck.words(Cublas.probe()));
      }
    }
  }

  private Lists screened(
      Scale.Shape shape, Numbers numbers, Precision precision, Optional<Gemm> gemm) {
    try (Encoder encoder = new Encoder(gpu, shape.inputs(), shape.features(), precision);
        Pairs pairs = new Pairs(gpu.memory(), shape.rows(), shape.features());
        DeviceArray weights = take("W_enc", numbers.encoder);
        DeviceArray bias = take("b_enc", numbers.encoderBias);
        DeviceArray threshold = take("the thresholds", numbers.threshold);
        DeviceArray x = take("x", numbers.x);
        DeviceArray flags = gpu.memory().take("the flags", 4)) {
      gemm.ifPresent(encoder::through);
      encoder.shadow(weights);
      for (int time = 0; time < 3; time++) {
        flags.clear(gpu.stream());
        encoder.encode(
            x, Optional.empty(), shape.rows(), weights, bias, threshold, 0, false, pairs, flags);
        gpu.synchronize();
        encoder.settle();
      }
      return Lists.download(gpu, pairs, shape.rows());
    }
  }

  private DeviceArray take(String name, MemorySegment values) {
    DeviceArray array = gpu.memory().take(name, values.byteSize());
    array.upload(values);
    return array;
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
      close("product by cuBLAS", got.toArray(ValueLayout.JAVA_FLOAT), expected, 1e-6);
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

  private void training(Scale.Shape shape, TrainingSettings settings, Numbers numbers, String way) {
    String of = " of " + shape + ", " + way;
    Reference reference = numbers.reference(shape, settings, numbers.threshold);
    reference.backward(Reference.doubles(numbers.y), COEFFICIENT);
    try (GpuTraining training = begin(shape, settings, numbers)) {
      GpuTraining.Activations seen = training.activations(numbers.x, shape.rows());
      close("f" + of, seen.f(), reference.f, CLOSE);
      close("xhat" + of, seen.xhat(), reference.xhat, CLOSE);
      GpuTraining.Gradients gradients =
          training.gradients(numbers.x, numbers.y, shape.rows(), COEFFICIENT);
      close("encoder gradient" + of, gradients.encoder(), reference.encoderGradient, CLOSE);
      close("b_enc gradient" + of, gradients.encoderBias(), reference.encoderBiasGradient, CLOSE);
      close("decoder gradient" + of, gradients.decoder(), reference.decoderGradient, CLOSE);
      close("b_dec gradient" + of, gradients.decoderBias(), reference.decoderBiasGradient, CLOSE);
      close(
          "threshold gradient, reconstruction" + of,
          gradients.thresholdReconstruction(),
          reference.thresholdReconstruction,
          CLOSE);
      close(
          "threshold gradient, penalty" + of,
          gradients.thresholdPenalty(),
          reference.thresholdPenalty,
          CLOSE);
      steps(shape, settings, numbers, training, reference, of);
    }
  }

  private GpuTraining begin(Scale.Shape shape, TrainingSettings settings, Numbers numbers) {
    GpuTraining training =
        new GpuTraining(gpu, shape.inputs(), shape.features(), shape.outputs(), settings);
    training.upload("W_enc", numbers.encoder);
    training.upload("W_dec", numbers.decoder);
    training.upload("b_enc", numbers.encoderBias);
    training.upload("b_dec", numbers.decoderBias);
    training.upload(settings.thresholdName(), numbers.trainedThreshold);
    return training;
  }

  /** Two steps, the arrays after them against Adam in double on the gradients before each. */
  private void steps(
      Scale.Shape shape,
      TrainingSettings settings,
      Numbers numbers,
      GpuTraining training,
      Reference reference,
      String of) {
    Map<String, AdamInDouble> arrays = new LinkedHashMap<>();
    for (String name : List.of("W_enc", "W_dec", "b_enc", "b_dec", settings.thresholdName())) {
      arrays.put(name, new AdamInDouble(download(training, name), settings));
    }
    for (int step = 1; step <= 2; step++) {
      GpuTraining.Gradients gradients =
          training.gradients(numbers.x, numbers.y, shape.rows(), COEFFICIENT);
      TrainingReport report =
          training.step(numbers.x, numbers.y, shape.rows(), LEARNING_RATE, COEFFICIENT);
      if (step == 1) {
        measures.check(
            "loss" + of,
            relative(report.loss(), reference.reconstruction + COEFFICIENT * reference.penalty),
            CLOSE);
        measures.check("l0" + of, Math.abs(report.l0() - reference.l0), 1e-9);
        measures.check("in band" + of, Math.abs(report.inBand() - reference.inBand), 1e-9);
      }
      move(arrays, gradients, settings, report, step, of);
      if (settings.unitDecoder()) {
        arrays.get("W_dec").renormalise(shape.outputs());
      }
    }
    arrays.forEach((name, array) ->
        measures.check(
            name + " after two steps" + of + ", in learning rates",
            array.largestDifference(download(training, name)) / LEARNING_RATE,
            0.01));
  }

  private void move(
      Map<String, AdamInDouble> arrays,
      GpuTraining.Gradients gradients,
      TrainingSettings settings,
      TrainingReport report,
      int step,
      String of) {
    double[] thresholdGradient = gradients.thresholdReconstruction().clone();
    AdamInDouble threshold = arrays.get(settings.thresholdName());
    for (int k = 0; k < thresholdGradient.length; k++) {
      thresholdGradient[k] += gradients.thresholdPenalty()[k];
      if (settings.logThreshold()) {
        thresholdGradient[k] *= Math.exp(threshold.values[k]);
      }
    }
    Map<String, double[]> of5 =
        Map.of(
            "W_enc",
            doubles(gradients.encoder()),
            "W_dec",
            doubles(gradients.projectedDecoder()),
            "b_enc",
            doubles(gradients.encoderBias()),
            "b_dec",
            doubles(gradients.decoderBias()),
            settings.thresholdName(),
            thresholdGradient);
    double squares = 0;
    for (double[] gradient : of5.values()) {
      for (double value : gradient) {
        squares += value * value;
      }
    }
    double scale = 1;
    if (settings.clip().isPresent()) {
      double norm = Math.sqrt(squares);
      measures.check(
          "gradient norm of step " + step + of, relative(report.gradientNorm(), norm), CLOSE);
      scale = Math.min(1, settings.clip().getAsDouble() / norm);
    }
    double factor = scale;
    arrays.forEach((name, array) -> array.step(of5.get(name), factor, step, LEARNING_RATE));
  }

  /** With what tensor cores say, as exact as halves are; what follows from it in full. */
  private void fast(Scale.Shape shape, TrainingSettings settings, Numbers numbers) {
    String of = " of " + shape + ", fast";
    Reference reference = numbers.reference(shape, settings, numbers.threshold);
    try (GpuTraining training = begin(shape, settings, numbers)) {
      GpuTraining.Activations seen = training.activations(numbers.x, shape.rows());
      compare(shape, Precision.FAST, reference, Lists.of(seen.f(), shape.rows()), of);
      close("xhat" + of, seen.xhat(), reference.decode(seen.f()), CLOSE);
    }
  }

  private static float[] download(GpuTraining training, String name) {
    long bytes =
        training.arrays().stream()
            .filter(array -> array.name().equals(name))
            .findFirst()
            .orElseThrow()
            .bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = arena.allocate(bytes, 64);
      training.download(name, to);
      return to.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private void close(String name, float[] got, double[] expected, double most) {
    close(name, doubles(got), expected, most);
  }

  /** Length of the difference over the length of what is expected. */
  private void close(String name, double[] got, double[] expected, double most) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < got.length; i++) {
      difference += (got[i] - expected[i]) * (got[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    measures.check(name, Math.sqrt(difference / Math.max(size, 1e-30)), most);
  }

  private static double relative(double got, double expected) {
    return Math.abs(got - expected) / Math.abs(expected);
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }
}
