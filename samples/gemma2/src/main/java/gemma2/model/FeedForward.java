package gemma2.model;

import gemma2.math.Rows;
import gemma2.math.Workers;

/** {@code Wd (gelu(Wg m) * Wu m)}. */
final class FeedForward {

  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

  final int layer;
  private final Linear gates;
  private final Linear ups;
  private final Linear downs;
  private final Workers workers;

  FeedForward(int layer, Linear gates, Linear ups, Linear downs, Workers workers) {
    this.layer = layer;
    this.gates = gates;
    this.ups = ups;
    this.downs = downs;
    this.workers = workers;
  }

  float[][] apply(float[][] mlpIn) {
    float[][] gate = gates.apply(mlpIn);
    float[][] up = ups.apply(mlpIn);
    float[][] act = multiplyGelu(gate, up);
    return downs.apply(act);
  }

  private float[][] multiplyGelu(float[][] gate, float[][] up) {
    float[][] product = Rows.of(gate.length, gate[0].length);
    workers.split(
        gate.length,
        32L * gate[0].length,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            for (int i = 0; i < product[r].length; i++) {
              product[r][i] = gelu(gate[r][i]) * up[r][i];
            }
          }
        });
    return product;
  }

  /** GELU in its tanh form, which Gemma was trained with: up to 5e-4 from the exact one. */
  private static float gelu(float y) {
    double cubic = y + 0.044715 * y * y * y;
    return (float) (0.5 * y * (1 + Math.tanh(SQRT_2_OVER_PI * cubic)));
  }
}
