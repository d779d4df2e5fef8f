package gemma2.io;

import java.util.List;
import java.util.Map;

/** A JSON value as it was written: numbers keep their digits, so that none is lost in reading. */
public sealed interface Json {

  /** An object, its fields in the order they were written. */
  record Obj(Map<String, Json> fields) implements Json {}

  /** An array. */
  record Arr(List<Json> items) implements Json {}

  /** A string. */
  record Str(String text) implements Json {}

  /** A number, as its digits. */
  record Num(String digits) implements Json {}

  /** True or false. */
  record Bool(boolean value) implements Json {}

  /** The literal {@code null}. */
  record Null() implements Json {}

  /**
   * Reads one JSON document.
   *
   * @param source what to call the text in errors, usually the file
   * @throws InputException with line and column when the text is not JSON (RFC 8259), names a field
   *     twice, or nests deeper than 256
   */
  static Json parse(String source, String text) {
    return new JsonParser(source, text).document();
  }

  /** What kind of value this is, for errors. */
  default String kind() {
    return switch (this) {
      case Obj o -> "an object";
      case Arr a -> "an array";
      case Str s -> "the string \"" + s.text() + "\"";
      case Num n -> "the number " + n.digits();
      case Bool b -> String.valueOf(b.value());
      case Null n -> "null";
    };
  }
}
