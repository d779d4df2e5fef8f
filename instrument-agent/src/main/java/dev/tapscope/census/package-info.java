/**
 * The census: taps every tensor of a package, looks at what one run shows, and says which values
 * are the sites of a transformer. What the values are is told from numbers alone; no name of a
 * variable, method or class is looked at.
 */
package dev.tapscope.census;
