package dev.tapscope.cuda;

/**
 * What one step has shown, measured with the parameters it began with.
 *
 * @param loss {@code reconstruction + sparsity coefficient * sparsity}
 * @param reconstruction mean over rows of {@code ||y - xhat||^2}
 * @param sparsity mean over rows of the {@link TrainingSettings.Penalty}
 * @param l0 mean over rows of the number of active features
 * @param inBand mean over rows of the number of features within half a bandwidth of their threshold
 * @param thresholdMovement mean over features of how far the threshold went in this step
 * @param sparsityShare the penalty's part in the threshold gradient: the sum over features of its
 *     absolute values, divided by that sum for both parts; 0 where both are 0
 * @param gradientNorm Euclidean norm of the whole gradient where it is clipped, else NaN
 * @param dense whether the step was taken by dense products
 */
public record TrainingReport(
    double loss,
    double reconstruction,
    double sparsity,
    double l0,
    double inBand,
    double thresholdMovement,
    double sparsityShare,
    double gradientNorm,
    boolean dense) {}
