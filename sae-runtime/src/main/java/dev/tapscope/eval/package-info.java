/**
 * How good an SAE is, as numbers: each metric's definition is in {@code METRICS.md} of this module.
 * Knows nothing of models or run folders; rows and losses come from outside.
 */
package dev.tapscope.eval;
