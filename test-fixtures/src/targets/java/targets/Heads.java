package targets;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Lambdas as models have them: a head each, one in another, and method references between. */
public final class Heads {
  private static float[] latest = {0};
  private final float[][] out = new float[2][];
  private float[] kept = {1};

  /** {@code 2x * (layer + 2)}. */
  public float[] forward(float[] x, int layer) {
    float[] q = Block.scale(x, 2);
    UnaryOperator<float[]> same = Heads::same;
    IntStream.range(0, 2)
        .forEach(h -> {
          out[h] = Block.scale(q, h + 1);
        });
    Supplier<Function<float[], float[]>> outer =
        () ->
            v -> {
              float[] y = Block.scale(v, layer);
              return y;
            };
    float[] z = outer.get().apply(q);
    Ops.accumulate(z, same.apply(out[1]));
    return z;
  }

  /** A norm that some models have and others do not: what is not there passes its input on. */
  public static float[] optional(Optional<Function<float[], float[]>> norm, float[] x) {
    float[] normed = norm.map(n -> n.apply(x)).orElse(x);
    return Block.scale(normed, 2);
  }

  /** A lambda that uses a variable is given a copy of it. */
  public static float captured(float[] x) {
    float[] mine = Block.scale(x, 2);
    Supplier<Float> sum = () -> Ops.sum(mine);
    return sum.get() + Ops.sum(mine);
  }

  /** Stores into fields and into elements. */
  public float[] keep(float[] x) {
    kept = Block.scale(x, 3);
    float[][] rows = {x, kept};
    rows[1] = Block.scale(kept, 2);
    out[0] = rows[1];
    latest = out[0];
    kept = rows[1];
    return Block.scale(kept, 1);
  }

  /** {@code 24x}, by a receiver and a static. */
  public static float[] latest(Heads heads, float[] x) {
    heads.keep(x);
    return heads.twice(Block.scale(latest, 2));
  }

  private float[] twice(float[] x) {
    return Block.scale(x, 2 * kept.length / kept.length);
  }

  private static float[] same(float[] x) {
    return x;
  }
}
