package dev.tapscope.eval;

/**
 * What rows show of an SAE.
 *
 * @param tokens number of rows
 * @param l0 mean number of active features
 * @param squaredError mean of {@code ||y - xhat||^2}, in the site's units
 * @param fvu {@code sum ||y - xhat||^2 / sum ||y - mean(y)||^2}, the mean over all rows; NaN when
 *     all rows are equal
 * @param densities how often each feature fired
 */
public record ReconstructionScore(
    long tokens, double l0, double squaredError, double fvu, Densities densities) {}
