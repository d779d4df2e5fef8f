/** Keeps the activations of a run and the tokens they belong to. */
package dev.tapscope.capture;
