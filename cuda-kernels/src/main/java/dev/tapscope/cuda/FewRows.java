package dev.tapscope.cuda;

import java.util.stream.Stream;

/**
 * Preactivations without a screen: W_enc is read once in single precision, for up to {@link #MOST}
 * rows at a time.
 */
final class FewRows implements AutoCloseable {
  static final int MOST = 16;

  private static final int THREADS = 256;
  private static final int WARP = 32;

  private final Gpu gpu;
  private final int inputs;
  private final int features;
  private final Kernel few;
  private final Kernel append;
  private final Kernel preactivations;
  private final Reusable z;
  private final Reusable kept;

  FewRows(Gpu gpu, int inputs, int features) {
    this.gpu = gpu;
    this.inputs = inputs;
    this.features = features;
    few = gpu.kernel("few", "few");
    append = gpu.kernel("few", "few_append");
    preactivations = gpu.kernel("few", "preactivations");
    z = new Reusable(gpu.memory(), "the preactivations of a few rows");
    kept = new Reusable(gpu.memory(), "the kept features of a few rows");
  }

  /**
   * Takes what {@link #encode} needs.
   *
   * @throws GpuMemoryException when there is not enough
   */
  void makeRoom(int rows) {
    z.atLeast((long) rows * features * Float.BYTES);
    kept.atLeast((long) rows * words() * Integer.BYTES);
  }

  /** Of bits, one a feature. */
  private int words() {
    return Math.ceilDiv(features, WARP);
  }

  void encode(
      DeviceArray input, int rows, DeviceArray encoder, Gate gate, Pairs pairs, DeviceArray flags) {
    few.launch(
        gpu.stream(),
        Grid.of(words()),
        THREADS,
        0,
        input,
        encoder,
        gate.bias(),
        gate.threshold(),
        gate.halfBand(),
        gate.reluFirst(),
        rows,
        inputs,
        features,
        z.array(),
        kept.array());
    append.launch(
        gpu.stream(),
        Grid.of(rows),
        THREADS,
        0,
        z.array(),
        kept.array(),
        features,
        words(),
        pairs.capacity(),
        pairs.counts(),
        pairs.features(),
        pairs.z(),
        flags);
  }

  /** All preactivations of any number of rows, {@code [rows, F]}. */
  void preactivations(
      DeviceArray input, int rows, DeviceArray encoder, DeviceArray bias, DeviceArray to) {
    preactivations.launch(
        gpu.stream(),
        Grid.of(words(), Math.ceilDiv(rows, MOST)),
        THREADS,
        0,
        input,
        encoder,
        bias,
        rows,
        inputs,
        features,
        to);
  }

  /** Gives back what was taken; the next batch takes it again. */
  @Override
  public void close() {
    Stream.of(z, kept).forEach(Reusable::close);
  }
}
