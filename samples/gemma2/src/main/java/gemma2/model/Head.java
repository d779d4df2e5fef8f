package gemma2.model;

import gemma2.math.Activations;
import gemma2.math.Kernels;

/** From the final norm to logits: the output matrix, then the soft cap. */
final class Head {

  private final Linear output;
  private final Softcap cap;
  private final Kernels kernels;

  Head(Linear output, Softcap cap, Kernels kernels) {
    this.output = output;
    this.cap = cap;
    this.kernels = kernels;
  }

  float[][] apply(float[][] normed, Activations own) {
    float[][] raw = output.apply(normed, own);
    float[][] logits = own.rows(raw.length, raw[0].length);
    for (int r = 0; r < raw.length; r++) {
      cap.apply(kernels, raw[r], 0, logits[r], 0, raw[r].length);
    }
    return logits;
  }
}
