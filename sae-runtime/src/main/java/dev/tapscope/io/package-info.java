/**
 * Readers of array files: {@link dev.tapscope.io.Npz npz} and {@link dev.tapscope.io.Safetensors
 * safetensors}. Every header field, size and range is checked before memory is taken for it;
 * numbers are read in blocks, so an array may be larger than a Java array can hold.
 */
package dev.tapscope.io;
