package dev.tapscope.cli;

import dev.tapscope.live.Kept;
import dev.tapscope.live.LivePass;
import dev.tapscope.tap.TapscopeException;
import java.util.Arrays;
import java.util.Map;
import java.util.function.BiConsumer;

/** Rows of the site an SAE reads, each with the row of the site it writes at the same position. */
final class SiteRows {
  private SiteRows() {}

  /**
   * Hands out the rows of a pass that count, in order. What the model has generated is not the
   * corpus's, and does not count.
   *
   * @throws TapscopeException {@code eval-site} when the pass has none of a site
   */
  static void read(LivePass pass, SaeSpec sae, Kept counted, BiConsumer<float[], float[]> reader) {
    String input = sae.inputAddress();
    String output = sae.outputAddress();
    Map<String, float[]> rows = pass.rows();
    if (!rows.containsKey(input) || !rows.containsKey(output)) {
      throw TapscopeException.failed(
          "eval-site",
          "SAE %s was to be measured at %s, and a pass of the model has rows of %s. Give the site by its own name, such as res.3, and one that fires in every pass."
              .formatted(sae.name(), sae.address(), rows.keySet()));
    }
    for (int i = 0; i < pass.tokens().length; i++) {
      if (!pass.generated() && counted.has(pass, i)) {
        float[] x = row(pass, input, i);
        reader.accept(x, input.equals(output) ? x : row(pass, output, i));
      }
    }
  }

  private static float[] row(LivePass pass, String address, int i) {
    int width = pass.width(address);
    return Arrays.copyOfRange(pass.rows().get(address), i * width, (i + 1) * width);
  }
}
