package dev.tapscope.view;

import java.util.Optional;

/**
 * What to show.
 *
 * @param top strongest features kept for each token
 * @param all whether BOS, dense features and every firing feature are shown
 * @param sae the only SAE to show
 * @param feature the feature the strip is coloured by
 */
public record ViewOptions(
    int top, boolean all, Optional<String> sae, Optional<FeatureName> feature) {
  public static final ViewOptions DEFAULT =
      new ViewOptions(5, false, Optional.empty(), Optional.empty());

  /** The same with another number of features for each token. */
  public ViewOptions withTop(int features) {
    return new ViewOptions(features, all, sae, feature);
  }

  /** The same without what {@link #all} adds. */
  public ViewOptions folded() {
    return new ViewOptions(top, false, sae, feature);
  }

  /** A feature as users write it, {@code l9/76}. */
  public record FeatureName(String sae, int index) {
    @Override
    public String toString() {
      return sae + "/" + index;
    }
  }
}
