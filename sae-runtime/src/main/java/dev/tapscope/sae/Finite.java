package dev.tapscope.sae;

import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.tap.TapscopeException;

/** An SAE whose training went wrong is not written. */
final class Finite {
  private Finite() {}

  /**
   * @throws TapscopeException {@code sae-nonfinite}
   */
  static void check(SaeWeights.Draft draft) {
    check("b_enc", draft.encoderBias());
    check("b_dec", draft.decoderBias());
    check("threshold", draft.threshold());
    float[] row = new float[draft.outputs()];
    for (int f = 0; f < draft.features(); f++) {
      draft.readDecoderRow(f, row);
      check("W_dec[" + f + "]", row);
      for (int k = 0; k < draft.inputs(); k++) {
        check("W_enc[" + k + "]", f, draft.encoder(k, f));
      }
    }
  }

  private static void check(String name, float[] values) {
    for (int i = 0; i < values.length; i++) {
      check(name, i, values[i]);
    }
  }

  private static void check(String name, int at, float value) {
    if (!Float.isFinite(value)) {
      throw TapscopeException.failed(
          "sae-nonfinite",
          "%s holds %s at place %d, so the SAE cannot be written. Train it anew, or from a checkpoint before that; a lower learning rate may help."
              .formatted(name, value, at));
    }
  }
}
