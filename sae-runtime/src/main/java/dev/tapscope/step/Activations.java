package dev.tapscope.step;

/**
 * What the forward pass computes, for tests.
 *
 * @param z {@code [rows, F]}, preactivations; NaN where they lie too far below their threshold to
 *     matter and were not kept
 * @param f {@code [rows, F]}, features
 * @param xhat {@code [rows, d_out]}, reconstructions
 */
record Activations(double[] z, double[] f, double[] xhat) {}
