package dev.tapscope.step;

/**
 * What schedules change from step to step.
 *
 * @param sparsity coefficient of {@link Sparsity} in the loss
 */
public record Rates(double learningRate, double sparsity) {}
