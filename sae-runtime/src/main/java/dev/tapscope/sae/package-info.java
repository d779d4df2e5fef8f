/**
 * JumpReLU sparse autoencoders and transcoders as they lie on disk: the weights in the formats of
 * Gemma Scope, SAELens and dictionary_learning, read and written, and the statistics and labels of
 * their features beside them.
 */
package dev.tapscope.sae;
