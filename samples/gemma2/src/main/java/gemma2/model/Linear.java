package gemma2.model;

import gemma2.math.Activations;
import gemma2.math.Kernels;
import gemma2.math.Matrix;
import gemma2.math.Pass;
import gemma2.math.Workers;

/** A linear map without bias, {@code y = W x} for every row x; W is [outputs, inputs]. */
final class Linear {

  private final Matrix weight;
  private final Kernels kernels;
  private final Pass.Step product;
  private final Workers.Part<Matrix, float[][], float[][]> multiply;

  Linear(Matrix weight, Kernels kernels, Pass pass) {
    this.weight = weight;
    this.kernels = kernels;
    this.product = pass.step((from, to, step) -> kernels.readAhead(weight, from, to, step));
    this.multiply = kernels::multiply;
  }

  float[][] apply(float[][] x, Activations own) {
    float[][] y = own.rows(x.length, weight.rows());
    long work = (long) x.length * weight.columns();
    long setup = kernels.columnsToBegin(x.length) * work;
    product.split(weight.rows(), work, setup, multiply, weight, x, y);
    return y;
  }
}
