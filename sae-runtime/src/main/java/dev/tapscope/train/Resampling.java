package dev.tapscope.train;

import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Batch;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.ThresholdForm;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A new beginning for dead features, after Bricken et al. 2023, "Towards Monosemanticity", appendix
 * "Neuron Resampling": each takes the direction of a row that is reconstructed badly.
 *
 * <pre>{@code
 * P(row r) ~ (||y_r - xhat_r||^2)^2;  u = (y_r - b_dec) / ||y_r - b_dec||
 * W_dec[f] = u;  W_enc[:, f] = 0.2 n u, in a transcoder 0.2 n x_r / ||x_r||
 * b_enc[f] = 0;  threshold[f] = where thresholds begin
 * }</pre>
 *
 * {@code n} is the mean norm of the encoder columns of the features that live, of all where none
 * does. Two things differ from there. No row is taken twice, since features that begin alike stay
 * alike: where there are more dead features than rows, the last ones wait for the next time. And
 * Adam's second moments become the mean of those of the living features, not 0, its first ones 0:
 * the correction of Adam's bias counts the steps of the whole run, so that from 0 the first step
 * would be {@code 1 / sqrt(1 - beta2)}, 32 times, as long as others, and the direction gone.
 *
 * <p>Works on the state arrays alone, so that every implementation has the same resampling.
 */
final class Resampling {
  private static final double ENCODER_SHARE = 0.2;

  private final Recipe recipe;
  private final SaeInTraining sae;
  private final Function<SaeWeights, SaeKernels> kernels;
  private final Dimensions sizes;
  private final List<Integer> dead;

  /** Features to learn from: those that live, or all. */
  private final List<Integer> models;

  /**
   * @param deadAfter rows without firing after which a feature counts as dead
   * @param kernels that say how far rows are from their reconstructions
   */
  Resampling(
      Recipe recipe, SaeInTraining sae, long deadAfter, Function<SaeWeights, SaeKernels> kernels) {
    this.recipe = recipe;
    this.sae = sae;
    this.kernels = kernels;
    this.sizes = sae.dimensions();
    Numbers silent = Numbers.of(sae, "tokens_since_fired");
    this.dead = features().filter(f -> silent.get(f) >= deadAfter).boxed().toList();
    List<Integer> living = features().filter(f -> silent.get(f) < deadAfter).boxed().toList();
    this.models = living.isEmpty() ? dead : living;
  }

  private IntStream features() {
    return IntStream.range(0, sizes.features());
  }

  /**
   * Resamples.
   *
   * @param batch to take rows from, which the SAE need not have seen
   * @param step decides, together with the recipe's seed, which rows are drawn
   * @return how many features have begun anew
   */
  int run(Batch batch, long step) {
    if (dead.isEmpty()) {
      return 0;
    }
    double norm = ENCODER_SHARE * meanEncoderNorm();
    List<Moment> moments = moments();
    SplittableRandom random = new SplittableRandom(Long.rotateLeft(recipe.seed(), 32) ^ step);
    List<Integer> rows = drawn(weights(batch), dead.size(), random);
    for (int i = 0; i < rows.size(); i++) {
      int feature = dead.get(i);
      begin(feature, target(batch, rows.get(i)), read(batch, rows.get(i)), norm);
      moments.forEach(moment -> moment.begin(feature));
    }
    return rows.size();
  }

  private double meanEncoderNorm() {
    Numbers encoder = Numbers.of(sae, "W_enc");
    double sum = 0;
    for (int f : models) {
      double square = 0;
      for (long i = 0; i < sizes.inputs(); i++) {
        double value = encoder.get((long) f * sizes.inputs() + i);
        square += value * value;
      }
      sum += Math.sqrt(square);
    }
    return sum / models.size();
  }

  /** What Adam keeps of an array with {@code width} values a feature, and what all begin with. */
  private record Moment(Numbers values, long width, double first) {
    void begin(int feature) {
      for (long i = feature * width; i < (feature + 1) * width; i++) {
        values.set(i, first);
      }
    }
  }

  /** Those of all parameters that belong to features. */
  private List<Moment> moments() {
    List<Moment> moments = new ArrayList<>();
    for (var array : sae.state()) {
      long width = array.count() / sizes.features();
      if (array.name().matches("v\\.(?!b_dec).*")) {
        Numbers values = new Numbers(array);
        moments.add(new Moment(values, width, mean(values, width, array.shape().size() > 1)));
      } else if (array.name().matches("m\\.(?!b_dec).*")) {
        moments.add(new Moment(new Numbers(array), width, 0));
      }
    }
    return moments;
  }

  /**
   * Mean of second moments.
   *
   * @param owing whether steps that rows were left alone in are still to be made up for
   */
  private double mean(Numbers moments, long width, boolean owing) {
    Numbers settled = Numbers.of(sae, "settled");
    double steps = Numbers.of(sae, "steps").get(0);
    double beta2 = recipe.method().adam().beta2();
    double sum = 0;
    for (int f : models) {
      double row = 0;
      for (long i = f * width; i < (f + 1) * width; i++) {
        row += moments.get(i);
      }
      sum += owing ? row * StrictMath.pow(beta2, steps - settled.get(f)) : row;
    }
    return sum / (models.size() * width);
  }

  /** What each row is drawn in proportion to; 0 for one that has no direction. */
  private double[] weights(Batch batch) {
    double[] weights = RowErrors.of(sae, batch, kernels);
    for (int r = 0; r < weights.length; r++) {
      boolean directed = norm(target(batch, r)) > 0 && norm(read(batch, r)) > 0;
      weights[r] = directed ? weights[r] * weights[r] : 0;
    }
    return weights;
  }

  /** The row as the decoder is to make it, its bias aside. */
  private double[] target(Batch batch, int row) {
    Numbers bias = Numbers.of(sae, "b_dec");
    double[] target = new double[sizes.outputs()];
    for (int i = 0; i < target.length; i++) {
      long at = (long) row * target.length + i;
      target[i] = batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, at) - bias.get(i);
    }
    return target;
  }

  /** The row that gives the encoder its direction: another site's in a transcoder. */
  private double[] read(Batch batch, int row) {
    if (!recipe.transcoder()) {
      return target(batch, row);
    }
    double[] read = new double[sizes.inputs()];
    for (int i = 0; i < read.length; i++) {
      read[i] = batch.x().getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * read.length + i);
    }
    return read;
  }

  private static double norm(double[] values) {
    double square = 0;
    for (double value : values) {
      square += value * value;
    }
    return Math.sqrt(square);
  }

  /**
   * Draws without putting back, each draw in proportion to the weights of what is left: the
   * smallest of {@code -ln(u) / weight}, u uniform (Efraimidis and Spirakis 2006).
   *
   * @return at most {@code count} indices, as drawn; none of weight 0
   */
  static List<Integer> drawn(double[] weights, int count, SplittableRandom random) {
    double[] keys = new double[weights.length];
    List<Integer> candidates = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      keys[i] = -StrictMath.log(random.nextDouble()) / weights[i];
      if (weights[i] > 0) {
        candidates.add(i);
      }
    }
    candidates.sort(Comparator.comparingDouble(i -> keys[i]));
    return candidates.subList(0, Math.min(count, candidates.size()));
  }

  private void begin(int feature, double[] target, double[] read, double encoderNorm) {
    direct("W_dec", feature, target, 1);
    direct("W_enc", feature, read, encoderNorm);
    Numbers.of(sae, "b_enc").set(feature, 0);
    ThresholdForm form = recipe.method().thresholdForm();
    Numbers.of(sae, form.arrayName()).set(feature, form.trained(recipe.threshold()));
    Numbers.of(sae, "settled").set(feature, Numbers.of(sae, "steps").get(0));
    Numbers.of(sae, "tokens_since_fired").set(feature, 0);
  }

  /** Gives a feature's row of a matrix a direction and a length. */
  private void direct(String matrix, int feature, double[] direction, double length) {
    Numbers values = Numbers.of(sae, matrix);
    double factor = length / norm(direction);
    for (int i = 0; i < direction.length; i++) {
      values.set((long) feature * direction.length + i, direction[i] * factor);
    }
  }
}
