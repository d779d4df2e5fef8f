/**
 * Training of JumpReLU SAEs and transcoders: recipes, schedules, the run through the data, its
 * checkpoints and what it reports. The arithmetic of a step is {@link dev.tapscope.step}'s.
 */
package dev.tapscope.train;
