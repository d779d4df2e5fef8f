package gemma2.model;

import gemma2.math.Activations;
import gemma2.math.Kernels;
import gemma2.math.Workers;

/** {@code Wd (gelu(Wg m) * Wu m)}. */
final class FeedForward {

  /** About the multiplications that one number of GELU is worth. */
  private static final long GELU_WORK = 16;

  final int layer;
  private final Linear gates;
  private final Linear ups;
  private final Linear downs;
  private final Workers workers;
  private final Workers.Part<float[][], float[][], float[][]> multiplyGelu;

  FeedForward(int layer, Linear gates, Linear ups, Linear downs, Kernels kernels, Workers workers) {
    this.layer = layer;
    this.gates = gates;
    this.ups = ups;
    this.downs = downs;
    this.workers = workers;
    this.multiplyGelu =
        (gate, up, product, from, to) -> {
          for (int r = from; r < to; r++) {
            kernels.multiplyGelu(gate[r], up[r], product[r]);
          }
        };
  }

  float[][] apply(float[][] mlpIn, Activations own) {
    float[][] gate = gates.apply(mlpIn, own);
    float[][] up = ups.apply(mlpIn, own);
    float[][] act = multiplyGelu(gate, up, own);
    return downs.apply(act, own);
  }

  private float[][] multiplyGelu(float[][] gate, float[][] up, Activations own) {
    int width = gate[0].length;
    float[][] product = own.rows(gate.length, width);
    workers.split(gate.length, GELU_WORK * width, multiplyGelu, gate, up, product);
    return product;
  }
}
