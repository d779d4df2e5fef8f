package dev.tapscope.profile;

/**
 * A field by its source-level name: {@code gemma2.model.Weights.postNorm}, {@code Weights.postNorm}
 * or {@code this.postNorm}.
 *
 * @param owner class the code names as the owner of the field, short where that is unambiguous;
 *     {@link #THIS} for the class that holds the code
 * @param name of the field
 */
public record FieldRef(String owner, String name) {
  /** Owner of a field of the class itself, static or not. */
  public static final String THIS = "this";

  /**
   * Reads a reference as a profile writes it.
   *
   * @throws dev.tapscope.tap.TapscopeException {@code profile-syntax}
   */
  public static FieldRef parse(String text) {
    LineReader line = new LineReader("field reference", 1, text);
    FieldRef field = line.field("a field, written Owner.name or this.name");
    line.end("a field reference");
    return field;
  }

  /** As a profile writes it. */
  @Override
  public String toString() {
    return owner + "." + name;
  }
}
