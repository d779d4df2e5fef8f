package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A problem on the card. */
final class Encoding implements AutoCloseable {
  /**
   * What the card says of a batch.
   *
   * @param counts exact, maybe above the capacity
   * @param features by row, as far as there was capacity
   * @param z by row
   */
  record Lists(int flags, int[] counts, int[][] features, float[][] z) {
    /** The lists of some rows, as text: equal where all bits are. */
    String bits(int from, int count) {
      StringBuilder text = new StringBuilder();
      for (int r = from; r < from + count; r++) {
        text.append(counts[r]).append(':');
        for (int i = 0; i < features[r].length; i++) {
          text.append(features[r][i]).append('=');
          text.append(Integer.toHexString(Float.floatToRawIntBits(z[r][i]))).append(' ');
        }
        text.append('\n');
      }
      return text.toString();
    }
  }

  private final Gpu gpu;
  private final EncoderProblem problem;
  private final List<DeviceArray> taken = new ArrayList<>();
  private final DeviceArray weights;
  private final DeviceArray bias;
  private final DeviceArray threshold;
  private final Optional<DeviceArray> offsets;
  private final DeviceArray flags;
  private final Encoder encoder;

  Encoding(Gpu gpu, EncoderProblem problem, Precision precision) {
    this.gpu = gpu;
    this.problem = problem;
    weights = upload(problem.encoder());
    bias = upload(problem.bias());
    threshold = upload(problem.threshold());
    offsets = problem.offsets().map(this::upload);
    flags = gpu.memory().take("flags", Integer.BYTES);
    taken.add(flags);
    encoder = new Encoder(gpu, problem.inputs(), problem.features(), precision);
    encoder.shadow(weights);
  }

  Encoder encoder() {
    return encoder;
  }

  DeviceArray upload(float[] values) {
    DeviceArray array = gpu.memory().take("of a test", (long) values.length * Float.BYTES);
    taken.add(array);
    try (Arena arena = Arena.ofConfined()) {
      array.upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
    }
    return array;
  }

  /** All rows, with as much capacity as there are features. */
  Lists encode() {
    return encode(0, problem.rows(), problem.features());
  }

  Lists encode(int from, int count, int capacity) {
    try (Pairs pairs = new Pairs(gpu.memory(), count, capacity)) {
      return encode(from, count, pairs);
    }
  }

  Lists encode(int from, int count, Pairs pairs) {
    int inputs = problem.inputs();
    float[] rows = Arrays.copyOfRange(problem.x(), from * inputs, (from + count) * inputs);
    try (DeviceArray x = upload(rows)) {
      launch(x, count, pairs);
      gpu.synchronize();
    }
    taken.removeLast();
    return lists(count, pairs);
  }

  /** Encodes rows that are on the card. */
  void launch(DeviceArray x, int count, Pairs pairs) {
    flags.clear(gpu.stream());
    encoder.encode(
        x,
        offsets,
        count,
        weights,
        bias,
        threshold,
        problem.halfBand(),
        problem.reluFirst(),
        pairs,
        flags);
  }

  /** What the card has left. */
  Lists lists(int count, Pairs pairs) {
    int[] counts = pairs.downloadCounts(count);
    int[] features = download(pairs.features()).toArray(ValueLayout.JAVA_INT);
    float[] z = download(pairs.z()).toArray(ValueLayout.JAVA_FLOAT);
    int[][] featuresOf = new int[count][];
    float[][] valuesOf = new float[count][];
    for (int r = 0; r < count; r++) {
      int first = r * pairs.capacity();
      int end = first + Math.min(counts[r], pairs.capacity());
      featuresOf[r] = Arrays.copyOfRange(features, first, end);
      valuesOf[r] = Arrays.copyOfRange(z, first, end);
    }
    return new Lists(flags(), counts, featuresOf, valuesOf);
  }

  int flags() {
    return download(flags).get(ValueLayout.JAVA_INT, 0);
  }

  float[] preactivations() {
    DeviceArray z =
        gpu.memory().take("z", (long) problem.rows() * problem.features() * Float.BYTES);
    taken.add(z);
    encoder.preactivations(upload(problem.x()), offsets, problem.rows(), weights, bias, z, flags);
    gpu.synchronize();
    return download(z).toArray(ValueLayout.JAVA_FLOAT);
  }

  /** The judge's, without offsets. */
  float[] reference() {
    assertEquals(Optional.empty(), offsets);
    DeviceArray z =
        gpu.memory().take("z", (long) problem.rows() * problem.features() * Float.BYTES);
    taken.add(z);
    gpu.kernel("reference", "reference_encode")
        .launch(
            gpu.stream(),
            Grid.of(Math.ceilDiv(problem.features(), 16), Math.ceilDiv(problem.rows(), 16)),
            256,
            0,
            upload(problem.x()),
            weights,
            bias,
            problem.rows(),
            problem.inputs(),
            problem.features(),
            z);
    gpu.synchronize();
    return download(z).toArray(ValueLayout.JAVA_FLOAT);
  }

  /** Products by the judge, in place of a library. */
  ShadowProducts judge() {
    Kernel kernel = gpu.kernel("reference", "reference_products");
    return (x, rows, w, first, count, stride, products) ->
        kernel.launch(
            gpu.stream(),
            Grid.of(Math.ceilDiv(count, 16), Math.ceilDiv(rows, 16)),
            256,
            0,
            x,
            w.address() + (long) first * stride * Short.BYTES,
            rows,
            stride,
            count,
            products);
  }

  static MemorySegment download(DeviceArray array) {
    MemorySegment segment = Arena.ofAuto().allocate(array.bytes(), Float.BYTES);
    array.download(segment);
    return segment;
  }

  @Override
  public void close() {
    encoder.close();
    taken.forEach(DeviceArray::close);
  }
}
