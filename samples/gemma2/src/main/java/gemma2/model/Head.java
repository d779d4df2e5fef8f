package gemma2.model;

/** From the final norm to logits: the output matrix, then the soft cap. */
final class Head {

  private final Linear output;
  private final Softcap cap;

  Head(Linear output, Softcap cap) {
    this.output = output;
    this.cap = cap;
  }

  float[][] apply(float[][] normed) {
    float[][] logits = output.apply(normed);
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] = cap.apply(row[i]);
      }
    }
    return logits;
  }
}
