package dev.tapscope.cuda;

/** Products of {@link Shadow}s by a library. */
interface ShadowProducts {
  /**
   * Starts {@code products [rows, count] = x [rows, stride] . w[first .. first + count]^T}, halves
   * with sums in single precision, in the order of the GPU's stream.
   *
   * @param x halves {@code [rows, stride]}
   * @param w halves {@code [F, stride]}
   * @param products F32 {@code [rows, count]}
   */
  void multiply(
      DeviceArray x,
      int rows,
      DeviceArray w,
      int first,
      int count,
      int stride,
      DeviceArray products);
}
