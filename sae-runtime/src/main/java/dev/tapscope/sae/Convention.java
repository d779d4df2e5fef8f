package dev.tapscope.sae;

import dev.tapscope.kernel.SaeWeights;
import java.util.ArrayList;
import java.util.List;

/**
 * What an SAE's numbers leave to whoever runs it. With input scale {@code C} and output scale
 * {@code D}, rows {@code x} come in and {@code y} goes out as
 *
 * <pre>{@code
 * z = (x / C - b_dec) @ W_enc + b_enc;  f = z where z > threshold, else 0
 * y = D (f @ W_dec + b_dec)
 * }</pre>
 *
 * <p>{@code b_dec} is taken off the input only where {@code inputBias} says so. Folding gives an
 * SAE of {@code x} itself with the same {@code y}, whose activations are in the units of {@code y}
 * and whose decoder rows stay what they are (arXiv 2408.05147, appendix A):
 *
 * <pre>{@code
 * W_enc' = D / C W_enc;  b_enc' = D (b_enc - b_dec @ W_enc);  b_dec' = D b_dec;  threshold' = D threshold
 * }</pre>
 *
 * @param inputBias whether {@code b_dec} is taken off the input
 * @param inputScale {@code C}, by which the rows that come in are divided
 * @param outputScale {@code D}, by which the rows that go out were divided; {@code C} in an SAE
 */
public record Convention(boolean inputBias, double inputScale, double outputScale) {
  /** Nothing is left: rows are encoded as they come. */
  public static final Convention FOLDED = new Convention(false, 1, 1);

  public Convention {
    if (!isScale(inputScale) || !isScale(outputScale)) {
      throw new IllegalArgumentException(
          "scales %s and %s must be positive numbers".formatted(inputScale, outputScale));
    }
  }

  /** Of an SAE, whose input and output are the same rows. */
  public static Convention of(boolean inputBias, double scale) {
    return new Convention(inputBias, scale, scale);
  }

  /** Whether a number can be a scale. */
  public static boolean isScale(double number) {
    return number > 1e-30 && number < 1e30;
  }

  private boolean isScaled() {
    return inputScale != 1 || outputScale != 1;
  }

  /** Rewrites numbers of this convention into folded ones; returns what was done, in sentences. */
  List<String> fold(SaeWeights.Draft draft) {
    for (int f = 0; f < draft.features(); f++) {
      double bias = draft.encoderBias()[f] - (inputBias ? product(draft, f) : 0);
      draft.encoderBias()[f] = (float) (outputScale * bias);
    }
    multiply(draft, outputScale / inputScale, outputScale);
    List<String> notes = new ArrayList<>();
    if (inputBias) {
      notes.add("b_dec, which was taken off the input, is folded into b_enc.");
    }
    if (isScaled()) {
      notes.add(
          "The scale %s of its rows is folded into b_enc, b_dec and threshold.".formatted(scale()));
    }
    return notes;
  }

  /** Rewrites folded numbers into this convention; returns what was done, in sentences. */
  List<String> unfold(SaeWeights.Draft draft) {
    multiply(draft, inputScale / outputScale, 1 / outputScale);
    for (int f = 0; f < draft.features(); f++) {
      double bias = draft.encoderBias()[f] / outputScale;
      draft.encoderBias()[f] = (float) (bias + (inputBias ? product(draft, f) : 0));
    }
    List<String> notes = new ArrayList<>();
    if (isScaled()) {
      notes.add(
          "b_enc, b_dec and threshold are those of rows divided by %s: whoever runs it divides them."
              .formatted(scale()));
    }
    if (inputBias) {
      notes.add("b_enc is that of an input with b_dec taken off: whoever runs it takes it off.");
    }
    return notes;
  }

  private String scale() {
    return inputScale == outputScale
        ? Double.toString(inputScale)
        : inputScale + " in, " + outputScale + " out";
  }

  /** {@code (b_dec @ W_enc)[f]}, summed in double precision. */
  private static double product(SaeWeights.Draft draft, int f) {
    double sum = 0;
    for (int k = 0; k < draft.inputs(); k++) {
      sum += (double) draft.decoderBias()[k] * draft.encoder(k, f);
    }
    return sum;
  }

  private static void multiply(SaeWeights.Draft draft, double encoder, double biases) {
    for (int f = 0; f < draft.features(); f++) {
      if (encoder != 1) {
        draft.scaleEncoder(f, encoder);
      }
      draft.threshold()[f] = (float) (draft.threshold()[f] * biases);
    }
    for (int j = 0; j < draft.outputs(); j++) {
      draft.decoderBias()[j] = (float) (draft.decoderBias()[j] * biases);
    }
  }
}
