package dev.tapscope.cuda;

import java.util.Optional;

/**
 * The encoder on the card: {@code z = (x - offsets) W_enc^T + bias}, of which it keeps lists of
 * {@link Pairs}; no rows x features array is ever written. Launches only, in the order of the GPU's
 * stream; used by one thread at a time.
 */
final class Encoder implements AutoCloseable {
  /**
   * @param inputs width of a row, d_in
   * @param features F
   */
  Encoder(Gpu gpu, int inputs, int features, Precision precision) {
    throw new UnsupportedOperationException();
  }

  /** Makes the shadow anew from {@code W_enc [F, d_in]}. */
  void shadow(DeviceArray encoder) {}

  /** Halves {@code [F, stride]}, for whoever changes rows of W_enc: {@code write_shadow_row}. */
  DeviceArray halves() {
    throw new UnsupportedOperationException();
  }

  /** Halves from one row to the next. */
  int stride() {
    throw new UnsupportedOperationException();
  }

  /** F32 {@code [F]}. */
  DeviceArray scales() {
    throw new UnsupportedOperationException();
  }

  /** F32 {@code [F]}. */
  DeviceArray norms() {
    throw new UnsupportedOperationException();
  }

  /**
   * Starts to encode rows. Sets bit 0 of the flags where a value of x is not finite, and bit 1 where
   * a list is longer than its capacity.
   *
   * @param x {@code [rows, d_in]}
   * @param offsets {@code [d_in]}, taken off every row
   * @param encoder {@code W_enc [F, d_in]}, of which the shadow has been made
   * @param bias {@code [F]}
   * @param threshold {@code [F]}
   * @param halfBand half the bandwidth; 0 keeps the active ones alone
   * @param pairs with room for the rows
   * @param flags one unsigned int
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
      DeviceArray flags) {}

  /**
   * Learns from the last batch how much room its screen needs. To be called when the card is done
   * with it, after every batch: nothing is wrong without it, but slow.
   *
   * @return whether the batch should be encoded again because of it (only with {@link
   *     Precision#FAST}: bit 1 of the flags is then set)
   */
  boolean settle() {
    return false;
  }

  /** Starts to compute all preactivations, {@code z [rows, F]}: the same bits as of the lists. */
  void preactivations(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      DeviceArray encoder,
      DeviceArray bias,
      DeviceArray z) {}

  @Override
  public void close() {}
}
