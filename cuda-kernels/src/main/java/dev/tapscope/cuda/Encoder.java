package dev.tapscope.cuda;

import java.util.Optional;

/**
 * The encoder on the card: {@code z = (x - offsets) W_enc^T + bias}, of which it keeps lists of
 * {@link Pairs}; no rows x features array is ever written. Launches only, in the order of the GPU's
 * stream, and takes what memory it needs for a batch when that comes; used by one thread at a time.
 *
 * <p>More than a few rows are screened on tensor cores, by {@link Shadow}s of both factors in 16
 * bits; what that lets through is then computed in single precision. With {@link Precision#EXACT} a
 * row's list has the same bits whatever it comes with.
 */
final class Encoder implements AutoCloseable {
  private static final int THREADS = 256;

  private final Gpu gpu;
  private final int inputs;
  private final int features;
  private final Kernel packRows;
  private final Kernel shadowRows;
  private final Shadow shadow;
  private final FewRows few;
  private final Screen screen;
  private final Reusable centred;

  /**
   * @param inputs width of a row, d_in
   * @param features F
   * @throws GpuMemoryException when there is not enough for the shadow
   */
  Encoder(Gpu gpu, int inputs, int features, Precision precision) {
    if (inputs < 1 || features < 1) {
      throw new IllegalArgumentException(
          "an encoder of %d inputs and %d features: both must be positive"
              .formatted(inputs, features));
    }
    this.gpu = gpu;
    this.inputs = inputs;
    this.features = features;
    packRows = gpu.kernel("pack", "pack_rows");
    shadowRows = gpu.kernel("pack", "shadow_rows");
    centred = new Reusable(gpu.memory(), "the rows of a batch, less the offsets");
    few = new FewRows(gpu, inputs, features);
    shadow = Shadow.take(gpu.memory(), "W_enc", features, inputs);
    try {
      screen = new Screen(gpu, inputs, features, precision, shadow);
    } catch (GpuMemoryException e) {
      shadow.close();
      throw e;
    }
  }

  /** Has the products computed by a library from now on. */
  void through(ShadowProducts products) {
    screen.through(products);
  }

  /** Makes the shadow anew from {@code W_enc [F, d_in]}. */
  void shadow(DeviceArray encoder) {
    shadowRows.launch(
        gpu.stream(),
        Grid.of(features),
        THREADS,
        0,
        encoder,
        inputs,
        shadow.halves(),
        shadow.stride(),
        shadow.scales(),
        shadow.norms());
  }

  /** Of W_enc; whoever changes a row of W_enc changes it too: {@code write_shadow_row}. */
  Shadow shadow() {
    return shadow;
  }

  /**
   * Starts to encode rows. Sets bit 0 of the flags where a value of x is not finite, and bit 1
   * where a list is longer than its capacity: the counts are exact nevertheless, and after {@link
   * Pairs#grow} and {@link #settle} the batch can be encoded again.
   *
   * @param x {@code [rows, d_in]}
   * @param offsets {@code [d_in]}, taken off every row
   * @param encoder {@code W_enc [F, d_in]}, of which the shadow has been made
   * @param bias {@code [F]}
   * @param threshold {@code [F]}
   * @param halfBand half the bandwidth; 0 keeps the active ones alone
   * @param pairs with room for the rows
   * @param flags one unsigned int
   * @throws GpuMemoryException when there is not enough; nothing has been launched then
   */
  void encode(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      DeviceArray encoder,
      DeviceArray bias,
      DeviceArray threshold,
      float halfBand,
      boolean reluFirst,
      Pairs pairs,
      DeviceArray flags) {
    if (pairs.rows() < rows) {
      throw new IllegalArgumentException(
          "lists for %d rows are too few for %d".formatted(pairs.rows(), rows));
    }
    Gate gate = new Gate(bias, threshold, halfBand, reluFirst ? 1 : 0);
    if (rows <= FewRows.MOST) {
      few.makeRoom(rows);
      screen.passedOver();
      few.encode(
          pack(x, offsets, rows, Optional.empty(), flags), rows, encoder, gate, pairs, flags);
    } else {
      Screen.Batch batch = screen.makeRoom(rows, pairs.capacity());
      DeviceArray input = pack(x, offsets, rows, Optional.of(batch.x()), flags);
      screen.encode(batch, input, encoder, gate, pairs, flags);
    }
  }

  /** The rows less the offsets. */
  private DeviceArray pack(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      Optional<Shadow> to,
      DeviceArray flags) {
    DeviceArray input =
        offsets.isPresent() ? centred.atLeast((long) rows * inputs * Float.BYTES) : x;
    packRows.launch(
        gpu.stream(),
        Grid.of(rows),
        THREADS,
        0,
        x,
        orNull(offsets),
        inputs,
        input,
        orNull(to.map(Shadow::halves)),
        shadow.stride(),
        orNull(to.map(Shadow::scales)),
        orNull(to.map(Shadow::norms)),
        flags);
    return input;
  }

  private static Object orNull(Optional<DeviceArray> array) {
    return array.isPresent() ? array.get() : Long.valueOf(0);
  }

  /** {@link Screen#settle}. */
  void settle() {
    screen.settle();
  }

  /** {@link Screen#candidates}. */
  long candidates() {
    return screen.candidates();
  }

  /**
   * Starts to compute all preactivations: the same bits as those of the lists, but no relu.
   *
   * @param z {@code [rows, F]}
   * @throws GpuMemoryException when there is not enough; nothing has been launched then
   */
  void preactivations(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      DeviceArray encoder,
      DeviceArray bias,
      DeviceArray z,
      DeviceArray flags) {
    few.preactivations(pack(x, offsets, rows, Optional.empty(), flags), rows, encoder, bias, z);
  }

  /** Gives back what was taken for batches; the next takes it again. */
  void shrink() {
    screen.shrink();
    few.close();
    centred.close();
  }

  @Override
  public void close() {
    shrink();
    screen.close();
    shadow.close();
  }
}
