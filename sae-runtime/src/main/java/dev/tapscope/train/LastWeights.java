package dev.tapscope.train;

import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.ThresholdForm;
import java.lang.foreign.Arena;

/** The parameters of an SAE in training, copied to be written. */
final class LastWeights {
  private LastWeights() {}

  /**
   * @param arena for the copy
   */
  static SaeWeights.Draft of(SaeInTraining sae, Arena arena) {
    Dimensions d = sae.dimensions();
    SaeWeights.Draft draft = new SaeWeights.Draft(d.inputs(), d.features(), d.outputs(), arena);
    Numbers encoder = Numbers.of(sae, "W_enc");
    Numbers decoder = Numbers.of(sae, "W_dec");
    for (int f = 0; f < d.features(); f++) {
      draft.encoderColumn(f, encoder.floats((long) f * d.inputs(), d.inputs()));
      draft.decoderRow(f, decoder.floats((long) f * d.outputs(), d.outputs()));
    }
    copy(Numbers.of(sae, "b_enc"), draft.encoderBias());
    copy(Numbers.of(sae, "b_dec"), draft.decoderBias());
    ThresholdForm form = sae.method().thresholdForm();
    Numbers threshold = Numbers.of(sae, form.arrayName());
    for (int f = 0; f < d.features(); f++) {
      double value = threshold.get(f);
      draft.threshold()[f] = (float) (form == ThresholdForm.LOG ? StrictMath.exp(value) : value);
    }
    return draft;
  }

  private static void copy(Numbers from, float[] into) {
    System.arraycopy(from.floats(0, into.length), 0, into, 0, into.length);
  }
}
