package dev.tapscope.run;

import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;

/** What the hooks of one fire pass on from one to the next: the model's object, or another. */
final class Lent {
  private final Shown shown;
  private final Object[] passed;
  private Object tensor;
  private Rows rows;

  Lent(Shown shown, Object[] passed, Object tensor, Rows rows) {
    this.shown = shown;
    this.passed = passed;
    this.tensor = tensor;
    this.rows = rows;
  }

  Object tensor() {
    return tensor;
  }

  Rows rows() {
    return rows;
  }

  /** Puts another object in the place of the model's. */
  void replace(Object other) {
    Site site = shown.site();
    if (!site.assignable()) {
      throw new IllegalStateException(
          "Site "
              + site.name()
              + " shows '"
              + site.value()
              + "', which can only be changed in place: write its rows, or declare the site where"
              + " the value is a variable, an argument or a result.");
    }
    if (tensor != null && !tensor.getClass().isInstance(other)) {
      throw new IllegalArgumentException(
          "Site "
              + site.name()
              + " holds a "
              + tensor.getClass().getTypeName()
              + ", and a "
              + (other == null ? "null" : other.getClass().getTypeName())
              + " was given in its place.");
    }
    Rows others = rowsOf(other);
    if (others.rows() != rows.rows()) {
      throw new IllegalArgumentException(
          "Site "
              + site.name()
              + " shows "
              + rows.rows()
              + " rows, and an object with "
              + others.rows()
              + " was given in its place.");
    }
    for (int row = 0; row < rows.rows(); row++) {
      if (others.width(row) != rows.width(row)) {
        throw new IllegalArgumentException(
            "Row "
                + row
                + " of site "
                + site.name()
                + " has "
                + rows.width(row)
                + " values, and an object with "
                + others.width(row)
                + " was given in its place.");
      }
    }
    tensor = other;
    rows = others;
  }

  /** Takes back a replacement. */
  void restore(Object earlier, Rows earlierRows) {
    tensor = earlier;
    rows = earlierRows;
  }

  private Rows rowsOf(Object other) {
    try {
      return shown.rows(other, passed);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalArgumentException("The object given has no rows that can be read.", e);
    }
  }
}
