package dev.tapscope.kernel;

/**
 * Where the weights of an SAE lie, in bytes.
 *
 * <p>The encoder lies in panels of {@link #PANEL} features, each panel {@code [d_in][PANEL]}: one
 * step along the input reads neighbouring features, and a feature's sum runs over the input in
 * order, whatever the width of the machine's vectors. The last panel is filled up with zeros. The
 * decoder lies row by row, {@code [F][d_out]}, each row starting at a multiple of 64 bytes.
 *
 * @param inputs width of the rows that are encoded
 * @param features number of features, F
 * @param outputs width of the rows that are decoded
 */
record SaeLayout(int inputs, int features, int outputs) {
  /** Features in a panel of the encoder; a multiple of every vector length in use. */
  static final int PANEL = 32;

  static final int ALIGNMENT = 64;

  SaeLayout {
    if (inputs < 1 || features < 1 || outputs < 1) {
      throw new IllegalArgumentException(
          "sizes %d, %d, %d must be positive".formatted(inputs, features, outputs));
    }
  }

  int panels() {
    return (int) (((long) features + PANEL - 1) / PANEL);
  }

  long encoderBytes() {
    return (long) panels() * PANEL * inputs * Float.BYTES;
  }

  long decoderBytes() {
    return features * decoderStride();
  }

  private long decoderStride() {
    return ((long) outputs * Float.BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  long panelOffset(int panel) {
    return (long) panel * PANEL * inputs * Float.BYTES;
  }

  /** Of {@code W_enc[k, feature]}. */
  long encoderOffset(int k, int feature) {
    long panel = feature / PANEL;
    return ((panel * inputs + k) * PANEL + feature % PANEL) * Float.BYTES;
  }

  /** Of {@code W_dec[feature]}. */
  long decoderOffset(int feature) {
    return feature * decoderStride();
  }
}
