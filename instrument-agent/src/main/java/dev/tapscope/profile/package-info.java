/**
 * Profiles: which places of which methods are which sites of a model. A profile is data; it names
 * classes, it never loads one. The text form ({@code *.taps}) and the builder give equal values.
 */
package dev.tapscope.profile;
