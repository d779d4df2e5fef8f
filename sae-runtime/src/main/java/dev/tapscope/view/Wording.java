package dev.tapscope.view;

import dev.tapscope.view.TokenView.Feature;
import dev.tapscope.view.TokenView.Sheet;
import java.util.Locale;
import java.util.OptionalDouble;

/** Numbers and sentences that terminal and page share. */
final class Wording {
  private Wording() {}

  /** {@code 13.2}: three significant digits, never an exponent for what activations reach. */
  static String value(double value) {
    double size = Math.abs(value);
    int decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  static String percent(double share) {
    double percent = 100 * share;
    return String.format(
        Locale.ROOT, percent < 0.995 && percent > 0 ? "%.2f %%" : "%.1f %%", percent);
  }

  static String density(OptionalDouble density) {
    return density.isPresent() ? percent(density.getAsDouble()) : "–";
  }

  static String label(Feature feature) {
    return feature.label().orElse("–");
  }

  static String count(long n, String one, String many) {
    return String.format(Locale.ROOT, "%,d ", n) + (n == 1 ? one : many);
  }

  /** {@code l9 at res.3, JumpReLU with 1,024 features}. */
  static String heading(Sheet sheet) {
    return sheet.name()
        + " at "
        + sheet.address()
        + (sheet.width() > 0 ? ", JumpReLU SAE with " + count(sheet.width(), "", "features") : "");
  }

  static String accuracy(Sheet sheet) {
    return "L0 "
        + value(sheet.l0())
        + (sheet.relativeError().isPresent()
            ? ", relative error " + value(sheet.relativeError().getAsDouble())
            : "")
        + ", both without BOS";
  }

  /** Why there is no FVU. */
  static final String NO_FVU =
      "Relative error is ||x - xhat|| / ||x||. FVU needs a data set's mean, which a prompt does"
          + " not have, so it is not shown.";

  /** What is hidden, and how to see it. */
  static String folded(Sheet sheet, boolean all) {
    String bos =
        sheet.folded().bosTokens() == 0
            ? "no BOS"
            : "BOS (" + value(sheet.folded().bosFeatures()) + " active features)";
    String dense =
        sheet
            .folded()
            .dense()
            .map(n -> count(n, "feature", "features") + " denser than 10 %")
            .orElse("no dense features, because without stats.safetensors densities are unknown");
    return (all ? "Shown with the rest: " : "Folded away: ") + bos + "; " + dense + ".";
  }

  /** What full colour and a full bar mean. */
  static String scale(Sheet sheet) {
    return sheet
        .scale()
        .corpus()
        .map(corpus -> "Full colour is the feature's own maximum over " + corpus + ".")
        .orElseGet(() ->
            "Full colour is the largest activation in this view, "
                + value(sheet.scale().viewMax())
                + ": there are no statistics of the SAE.");
  }

  /** {@code l9/76 France}. */
  static String name(Sheet sheet, Feature feature) {
    return sheet.name() + "/" + feature.index() + feature.label().map(l -> " " + l).orElse("");
  }
}
