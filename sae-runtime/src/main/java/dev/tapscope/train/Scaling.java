package dev.tapscope.train;

/**
 * What rows are divided by before they are trained on: the root of the mean square norm of each
 * side, so that {@code E||x||^2 = 1} (arXiv 2408.05147, section 3.1). Floats, so that the SAE can
 * be folded back with the very numbers used.
 *
 * @param input of the rows that are encoded
 * @param output of the rows that are to be reconstructed; equals {@code input} in an SAE
 */
record Scaling(float input, float output) {
  static final Scaling NONE = new Scaling(1, 1);
}
