package dev.tapscope.edit;

import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.TapscopeException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/**
 * How strong an edit is, as written: {@code 40}, {@code 1.25x}, {@code 0.5n}.
 *
 * @param number finite
 */
public record Strength(double number, Unit unit) {
  private static final MathContext SHOWN = new MathContext(6);

  /** What the number counts. */
  public enum Unit {
    /** Unit decoder rows, that is the site's own units. */
    SITE(""),
    /** The feature's largest activation in the statistics. */
    MAX("x"),
    /** The site's mean norm in the statistics. */
    NORM("n");

    private final String suffix;

    Unit(String suffix) {
      this.suffix = suffix;
    }

    String suffix() {
      return suffix;
    }
  }

  public Strength {
    if (!Double.isFinite(number)) {
      throw new IllegalArgumentException("strength " + number + " must be finite");
    }
  }

  /** So many unit decoder rows. */
  public static Strength of(double number) {
    return new Strength(number, Unit.SITE);
  }

  /** The strength in the site's own units. */
  double resolve(Feature feature, Supplier<Optional<SaeStats>> stats) {
    return switch (unit) {
      case SITE -> number;
      case MAX -> number * scale(feature, stats);
      case NORM -> number * scale(feature, stats);
    };
  }

  /**
   * What one unit is worth in the site's units.
   *
   * @param stats asked only for units that count in them
   */
  double scale(Feature feature, Supplier<Optional<SaeStats>> stats) {
    OptionalDouble scale =
        switch (unit) {
          case SITE -> OptionalDouble.of(1);
          case MAX -> stats.get().map(s -> s.max(feature.index())).orElse(OptionalDouble.empty());
          case NORM -> stats.get().map(SaeStats::meanNorm).orElse(OptionalDouble.empty());
        };
    double found =
        scale.orElseThrow(() ->
            TapscopeException.failed(
                "stats-missing",
                "The strength %s of %s counts %s, and there is none beside SAE %s. Measure it with tapscope stats, or give a plain number."
                    .formatted(
                        this,
                        feature,
                        unit == Unit.MAX
                            ? "the feature's maximum in " + SaeStats.FILE
                            : "the mean norm of the site it writes (mean_norm in "
                                + SaeStats.FILE
                                + ")",
                        feature.sae())));
    if (found == 0) {
      throw TapscopeException.failed(
          "stats-dead",
          "The strength %s of %s counts the feature's maximum, and that is 0: it never fired in the corpus of %s. Name another feature, measure a corpus where it fires, or give a plain number."
              .formatted(this, feature, SaeStats.FILE));
    }
    return found;
  }

  /** A number in full, without an exponent. */
  static String exact(double number) {
    return new BigDecimal(Double.toString(number)).stripTrailingZeros().toPlainString();
  }

  /** A number to six digits, for reading. */
  static String shown(double number) {
    return new BigDecimal(number).round(SHOWN).stripTrailingZeros().toPlainString();
  }

  @Override
  public String toString() {
    return exact(number) + unit.suffix();
  }
}
