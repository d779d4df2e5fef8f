package gemma2.model;

import gemma2.math.Matrix;
import gemma2.math.Rows;

/** A row of the embedding matrix for each token, times {@code sqrt(hidden size)}. */
final class Embedding {

  private final Matrix weight;
  private final float scale;

  Embedding(Matrix weight, float scale) {
    this.weight = weight;
    this.scale = scale;
  }

  float[][] embed(int[] tokens) {
    float[][] embedded = Rows.of(tokens.length, weight.columns());
    for (int t = 0; t < tokens.length; t++) {
      float[] row = embedded[t];
      weight.widen(tokens[t], row, 0);
      for (int i = 0; i < row.length; i++) {
        row[i] *= scale;
      }
    }
    return embedded;
  }
}
