package dev.tapscope.train;

/**
 * One SAE to be trained.
 *
 * @param name what its folder and its lines are called
 */
public record Task(String name, Recipe recipe) {}
