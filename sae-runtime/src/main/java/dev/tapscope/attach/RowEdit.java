package dev.tapscope.attach;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.TapscopeException;
import java.util.Arrays;
import java.util.Optional;

/**
 * An edit without an SAE.
 *
 * @param source of its rows; empty when it needs none
 */
record RowEdit(CountedEdit counted, Optional<RowSource> source) {
  /**
   * Changes a row.
   *
   * @param h the row as earlier edits left it; changed in place
   * @throws TapscopeException {@code edit-width} or {@code edit-nonfinite}
   */
  void apply(Activation site, int row, float[] h) {
    counted.count();
    if (source.isEmpty()) {
      Arrays.fill(h, 0);
      return;
    }
    GivenRows given = source.get().at(site.address().toString());
    checkWidth(given, site, row);
    float[] values = given.at(site.position(row));
    if (counted.edit().edit() instanceof Edit.Add) {
      add(values, h, site, row);
    } else {
      System.arraycopy(values, 0, h, 0, h.length);
    }
  }

  /** Adds; where the vector is 0, every bit stays. */
  private void add(float[] values, float[] h, Activation site, int row) {
    for (int i = 0; i < h.length; i++) {
      if (values[i] != 0) {
        h[i] += values[i];
        if (!Float.isFinite(h[i])) {
          throw TapscopeException.check(
              "edit-nonfinite",
              "%s makes value %d of %s at position %d %s. Give a smaller vector."
                  .formatted(counted.key(), i, site.address(), site.position(row), h[i]));
        }
      }
    }
  }

  private void checkWidth(GivenRows given, Activation site, int row) {
    if (site.head(row) >= 0) {
      throw TapscopeException.check(
          "edit-width",
          "%s cannot work at %s, whose rows belong to attention heads and have no fixed width. Name a site with one row a position, such as res; zero works at %2$s."
              .formatted(counted.key(), site.address()));
    }
    if (given.width() != site.width(row)) {
      throw TapscopeException.check(
          "edit-width",
          "%s has rows of %d values (%s), and the rows at %s have %d. Give rows of this site and this model."
              .formatted(
                  counted.key(), given.width(), given.how(), site.address(), site.width(row)));
    }
  }
}
