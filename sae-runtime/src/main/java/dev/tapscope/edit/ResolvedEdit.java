package dev.tapscope.edit;

import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.TapscopeException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/**
 * An edit with its numbers: what is added or set, in the site's own units, and where.
 *
 * @param edit as asked for
 * @param address where it writes
 * @param value its strength in the site's units; empty for edits without one
 * @param unit how the value came about, empty when it is the number as written
 */
public record ResolvedEdit(Edit edit, String address, OptionalDouble value, String unit) {

  /**
   * Resolves an edit.
   *
   * @param address where it writes
   * @param stats of the SAE, if it has any; asked only when the strength counts in them
   * @throws TapscopeException {@code stats-missing} when the value needs statistics that are not
   *     there, {@code stats-dead} when it counts the maximum of a feature that never fired, {@code
   *     edit-strength} when it is too large for a float
   */
  public static ResolvedEdit of(Edit edit, String address, Supplier<Optional<SaeStats>> stats) {
    return switch (edit) {
      case Edit.Steer e -> resolve(e, e.feature(), e.strength(), address, stats);
      case Edit.Clamp e -> resolve(e, e.feature(), e.strength(), address, stats);
      case Edit.Ablate e -> new ResolvedEdit(e, address, OptionalDouble.empty(), "");
      case Edit.Splice e -> new ResolvedEdit(e, address, OptionalDouble.empty(), "");
      case Edit.OfRows e -> new ResolvedEdit(e, address, OptionalDouble.empty(), "");
    };
  }

  private static ResolvedEdit resolve(
      Edit edit,
      Feature feature,
      Strength strength,
      String address,
      Supplier<Optional<SaeStats>> stats) {
    double value = strength.resolve(feature, stats);
    if (!Float.isFinite((float) value)) {
      throw TapscopeException.usage(
          "edit-strength",
          "The strength %s of %s is %s in the site's units, and the largest number there is %s. Give a smaller one."
              .formatted(strength, feature, value, Float.MAX_VALUE));
    }
    String number = Strength.exact(strength.number());
    String unit =
        switch (strength.unit()) {
          case SITE -> "";
          case MAX ->
              "%s times the feature's maximum %s"
                  .formatted(number, Strength.shown(strength.scale(feature, stats)));
          case NORM ->
              "%s times the site's mean norm %s"
                  .formatted(number, Strength.shown(strength.scale(feature, stats)));
        };
    return new ResolvedEdit(edit, address, OptionalDouble.of(value), unit);
  }

  /**
   * How much of the feature's decoder row the edit adds to a row; 0 for edits that add none.
   *
   * @param f the feature's activation in the row, before any edit
   * @param active whether its gate was open
   */
  public float coefficient(float f, boolean active) {
    return switch (edit) {
      case Edit.Steer e -> (float) value.orElseThrow();
      case Edit.Ablate e -> active ? -f : 0;
      case Edit.Clamp e ->
          e.whereActive() && !active ? 0 : (float) (value.orElseThrow() - (active ? f : 0));
      case Edit.Splice e -> 0;
      case Edit.OfRows e -> 0;
    };
  }

  /** {@code h += 16.98 * W_dec[76] at res.3 on the prompt without BOS}, with the unit used. */
  public String describe() {
    String how = unit.isEmpty() ? "" : " (" + unit + ")";
    return formula() + " at " + address + " " + edit.scope().words() + how;
  }

  private String formula() {
    return switch (edit) {
      case Edit.Steer e -> "h += %s * %s".formatted(number(), row(e.feature()));
      case Edit.Ablate e -> "h -= f[%d] * %s".formatted(e.feature().index(), row(e.feature()));
      case Edit.Clamp e ->
          "h += (%s - f[%d]) * %s%s"
              .formatted(
                  number(),
                  e.feature().index(),
                  row(e.feature()),
                  e.whereActive() ? " where f[%d] > 0".formatted(e.feature().index()) : "");
      case Edit.Splice e ->
          e.error()
              ? "h := xhat + (h - xhat), xhat of the edited features of " + e.sae()
              : "h := f @ W_dec + b_dec of " + e.sae() + ", f as edited";
      case Edit.Zero e -> "h := 0";
      case Edit.Mean e -> "h := mean of " + e.source();
      case Edit.Add e -> "h += vector of " + e.file();
      case Edit.Patch e ->
          "h := row of %s, sequence %d, %s"
              .formatted(e.donor().run(), e.donor().sequence(), at(e.donor().where()));
    };
  }

  /** Where in the donor run; ranges pair position by position. */
  private static String at(Scope where) {
    return where instanceof Scope.Range range
        ? "positions %d to %d".formatted(range.first(), range.last())
        : where.words().replaceFirst("^on ", "");
  }

  private String number() {
    return Strength.shown(value.orElseThrow());
  }

  private static String row(Feature feature) {
    return "W_dec[%d]".formatted(feature.index());
  }
}
