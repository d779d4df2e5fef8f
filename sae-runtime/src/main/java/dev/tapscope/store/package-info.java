/** Activations kept for training, and the order in which they are trained on. */
package dev.tapscope.store;
