package dev.tapscope.sae;

/**
 * What somebody says a feature stands for.
 *
 * @param feature index of the feature
 * @param text the label
 * @param source who says so
 */
public record Label(int feature, String text, String source) {}
