package gemma2.model;

import gemma2.math.Activations;
import gemma2.math.Kernels;
import gemma2.math.Matrix;
import gemma2.math.Workers;

/** A linear map without bias, {@code y = W x} for every row x; W is [outputs, inputs]. */
final class Linear {

  /** Laying many rows out for tiles takes about as long as multiplying them this many times. */
  private static final long LAID_OUT = 32;

  private final Matrix weight;
  private final Workers workers;
  private final Workers.Part<Matrix, float[][], float[][]> multiply;

  Linear(Matrix weight, Kernels kernels, Workers workers) {
    this.weight = weight;
    this.workers = workers;
    this.multiply = kernels::multiply;
  }

  float[][] apply(float[][] x, Activations own) {
    float[][] y = own.rows(x.length, weight.rows());
    long work = (long) x.length * weight.columns();
    long setup = x.length == 1 ? 0 : LAID_OUT * work;
    workers.split(weight.rows(), work, setup, multiply, weight, x, y);
    return y;
  }
}
