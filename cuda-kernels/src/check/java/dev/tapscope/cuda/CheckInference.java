package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** An SAE's lists, preactivations and reconstructions, against double precision. */
final class CheckInference {
  /** Of reconstructions, relative to the length of the whole array. */
  private static final double CLOSE = 2e-5;

  /** Nothing comes off the input, and no relu before the gate. */
  private static final TrainingSettings PLAIN =
      new TrainingSettings(
          new TrainingSettings.L0(),
          1,
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

  private final Gpu gpu;
  private final Measures measures;

  CheckInference(Gpu gpu, Measures measures) {
    this.gpu = gpu;
    this.measures = measures;
  }

  void check(Numbers numbers) {
    Scale.Shape shape = numbers.shape;
    Reference reference = numbers.reference(PLAIN);
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
        compare(numbers, Precision.EXACT, reference, Lists.of(lists), of + ", rows " + rows);
        float[] xhat = new float[rows * shape.outputs()];
        sae.decode(lists.starts(), lists.features(), lists.values(), xhat);
        measures.close("xhat" + of + ", rows " + rows, xhat, reference.xhat, CLOSE);
      }
      float[] z = new float[shape.rows() * shape.features()];
      sae.preactivations(x, shape.rows(), z);
      closeToSize("z" + of, shape, z, reference);
    }
    screened(numbers, reference, of);
  }

  private static GpuSae.Rows rowsOf(MemorySegment matrix) {
    return (feature, into) ->
        into.copyFrom(matrix.asSlice(feature * into.byteSize(), into.byteSize()));
  }

  private void compare(
      Numbers numbers, Precision precision, Reference reference, Lists lists, String of) {
    Scale.Shape shape = numbers.shape;
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
  private void screened(Numbers numbers, Reference reference, String of) {
    Scale.Shape shape = numbers.shape;
    Optional<Gemm> gemm = gpu.cublas();
    for (Precision precision : Precision.values()) {
      String how = of + ", screened " + precision;
      compare(
          numbers,
          precision,
          reference,
          screened(numbers, precision, Optional.empty()),
          how + " by own kernels");
      if (gemm.isPresent()) {
        compare(
            numbers, precision, reference, screened(numbers, precision, gemm), how + " by cuBLAS");
      } else {
        measures.say(how + " by cuBLAS", GpuCheck.words(Cublas.probe()));
      }
    }
  }

  private Lists screened(Numbers numbers, Precision precision, Optional<Gemm> gemm) {
    Scale.Shape shape = numbers.shape;
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
}
