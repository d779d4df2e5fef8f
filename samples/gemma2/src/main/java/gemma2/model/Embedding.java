package gemma2.model;

import gemma2.math.Activations;
import gemma2.math.Matrix;

/** A row of the embedding matrix for each token, times {@code sqrt(hidden size)}. */
final class Embedding {

  private final Matrix weight;
  private final float scale;

  Embedding(Matrix weight, float scale) {
    this.weight = weight;
    this.scale = scale;
  }

  float[][] embed(int[] tokens, Activations own) {
    float[][] embedded = own.rows(tokens.length, weight.columns());
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
