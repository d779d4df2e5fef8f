package dev.tapscope.step;

/**
 * Sizes of an SAE or transcoder.
 *
 * @param inputs width of the rows that are encoded, {@code d_in}
 * @param features number of features, {@code F}
 * @param outputs width of the rows that are decoded, {@code d_out}; {@code d_in} in an SAE
 */
public record Dimensions(int inputs, int features, int outputs) {
  public Dimensions {
    if (inputs < 1 || features < 1 || outputs < 1) {
      throw new IllegalArgumentException(
          "sizes %d, %d, %d must be positive".formatted(inputs, features, outputs));
    }
  }
}
