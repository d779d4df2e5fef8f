/**
 * The arithmetic of JumpReLU sparse autoencoders (arXiv 2407.14435), in several implementations
 * behind {@link dev.tapscope.kernel.SaeKernels}:
 *
 * <pre>{@code
 * z    = x @ W_enc + b_enc
 * f    = z where z > threshold, else 0
 * xhat = f @ W_dec + b_dec
 * }</pre>
 *
 * <p>Nothing here knows of files, models or taps.
 */
package dev.tapscope.kernel;
