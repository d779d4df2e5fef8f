/**
 * One step in training a JumpReLU SAE: loss, gradients by straight-through estimators, Adam. Knows
 * nothing of files, schedules or where rows come from.
 */
package dev.tapscope.step;
