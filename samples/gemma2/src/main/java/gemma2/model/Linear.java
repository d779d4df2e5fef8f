package gemma2.model;

import gemma2.math.Kernels;
import gemma2.math.Matrix;
import gemma2.math.Rows;
import gemma2.math.Workers;

/** A linear map without bias, {@code y = W x} for every row x; W is [outputs, inputs]. */
final class Linear {

  private final Matrix weight;
  private final Kernels kernels;
  private final Workers workers;

  Linear(Matrix weight, Kernels kernels, Workers workers) {
    this.weight = weight;
    this.kernels = kernels;
    this.workers = workers;
  }

  float[][] apply(float[][] x) {
    float[][] y = Rows.of(x.length, weight.rows());
    workers.split(
        weight.rows(),
        (long) x.length * weight.columns(),
        (from, to) -> kernels.multiply(weight, x, y, from, to));
    return y;
  }
}
