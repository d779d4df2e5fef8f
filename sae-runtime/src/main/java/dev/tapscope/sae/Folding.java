package dev.tapscope.sae;

import dev.tapscope.kernel.SaeWeights;
import java.util.ArrayList;
import java.util.List;

/**
 * Rewrites the conventions of other tools into this one: rows are encoded as they come, decoder
 * rows have unit norm, thresholds are not negative. Reconstructions and gates stay what they were;
 * only the unit of the activations changes.
 */
final class Folding {
  /** Rows this near unit norm are left as they are, bit for bit; bf16 storage alone moves them. */
  private static final double UNIT_TOLERANCE = 1e-3;

  private final SaeWeights.Draft draft;
  private final List<String> notes = new ArrayList<>();

  Folding(SaeWeights.Draft draft) {
    this.draft = draft;
  }

  List<String> notes() {
    return notes;
  }

  void note(String sentence) {
    notes.add(sentence);
  }

  /** {@code (x - b_dec) @ W_enc + b_enc} becomes {@code x @ W_enc + (b_enc - b_dec @ W_enc)}. */
  void inputBias() {
    for (int f = 0; f < draft.features(); f++) {
      double product = 0;
      for (int k = 0; k < draft.inputs(); k++) {
        product += (double) draft.decoderBias()[k] * draft.encoder(k, f);
      }
      draft.encoderBias()[f] = (float) (draft.encoderBias()[f] - product);
    }
    notes.add("The decoder bias it takes off its input is folded into the encoder bias.");
  }

  /** An SAE of {@code scale * x} becomes one of {@code x}. */
  void inputScale(double scale) {
    for (int f = 0; f < draft.features(); f++) {
      draft.scaleEncoder(f, scale);
      draft.scaleDecoder(f, 1 / scale);
    }
    for (int j = 0; j < draft.outputs(); j++) {
      draft.decoderBias()[j] = (float) (draft.decoderBias()[j] / scale);
    }
    notes.add("Its input scale %s is folded into the weights.".formatted(scale));
  }

  /**
   * Gives decoder rows unit norm: activations and thresholds grow by the norm. A row of zeros
   * stays.
   *
   * @return whether there was something to do
   */
  boolean unitDecoder() {
    double[] norms = norms();
    double low = Double.POSITIVE_INFINITY;
    double high = 0;
    int zero = 0;
    for (double norm : norms) {
      if (norm == 0) {
        zero++;
      } else {
        low = Math.min(low, norm);
        high = Math.max(high, norm);
      }
    }
    if (zero > 0) {
      notes.add(zero + " features have a decoder row of zeros.");
    }
    if (zero == norms.length
        || (Math.abs(low - 1) <= UNIT_TOLERANCE && Math.abs(high - 1) <= UNIT_TOLERANCE)) {
      return false;
    }
    for (int f = 0; f < norms.length; f++) {
      if (norms[f] != 0) {
        draft.scaleDecoder(f, 1 / norms[f]);
        draft.scaleEncoder(f, norms[f]);
        draft.encoderBias()[f] = (float) (draft.encoderBias()[f] * norms[f]);
        draft.threshold()[f] = (float) (draft.threshold()[f] * norms[f]);
      }
    }
    notes.add(
        "Folded to unit decoder rows: norms were %.4g to %.4g; activations and thresholds are scaled by them."
            .formatted(low, high));
    return true;
  }

  /** Its own code applies ReLU before the gate, so a threshold below 0 acts as 0. */
  void clampThresholds() {
    int below = 0;
    float[] threshold = draft.threshold();
    for (int f = 0; f < threshold.length; f++) {
      if (threshold[f] < 0) {
        threshold[f] = 0;
        below++;
      }
    }
    if (below > 0) {
      notes.add(below + " thresholds below 0 act as 0, because a ReLU comes before the gate.");
    }
  }

  private double[] norms() {
    double[] norms = new double[draft.features()];
    float[] row = new float[draft.outputs()];
    for (int f = 0; f < norms.length; f++) {
      draft.readDecoderRow(f, row);
      double squares = 0;
      for (float value : row) {
        squares += (double) value * value;
      }
      norms[f] = Math.sqrt(squares);
    }
    return norms;
  }
}
