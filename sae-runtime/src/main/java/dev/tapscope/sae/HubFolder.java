package dev.tapscope.sae;

import java.nio.file.Path;

/**
 * The folder names under which Gemma Scope's SAEs lie on their hub: {@code
 * layer_12/width_16k/average_l0_82}.
 *
 * @param layer number of the layer
 * @param features number of features, F
 * @param l0 mean number of active features
 */
public record HubFolder(int layer, int features, double l0) {
  /** The folder below a root. */
  public Path under(Path root) {
    return root.resolve("layer_" + layer)
        .resolve("width_" + width())
        .resolve("average_l0_" + Math.round(l0));
  }

  /** Counted in thousands and millions, rounded down: 16,384 is 16k, 1,048,576 is 1m. */
  private String width() {
    if (features >= 1_000_000) {
      return features / 1_000_000 + "m";
    }
    return features >= 1000 ? features / 1000 + "k" : Integer.toString(features);
  }
}
