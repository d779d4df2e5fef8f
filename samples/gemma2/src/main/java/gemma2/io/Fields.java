package gemma2.io;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The fields of a JSON object, or of a GGUF file's metadata, asked for by name and kind. A field
 * that is missing, or of another kind, is an error that names the file and the field; {@code null}
 * counts as missing.
 */
public final class Fields {

  private static final String ID = "json-field";

  private final String source;
  private final String errorId;
  private final Map<String, Json> fields;

  private Fields(String source, String errorId, Map<String, Json> fields) {
    this.source = source;
    this.errorId = errorId;
    this.fields = fields;
  }

  /** The fields of {@code value}, which must be an object. */
  public static Fields of(String source, Json value) {
    if (value instanceof Json.Obj object) {
      return new Fields(source, ID, object.fields());
    }
    throw new InputException(
        ID, "%s must hold a JSON object, but holds %s.".formatted(source, value.kind()));
  }

  /** The metadata of a GGUF file. */
  static Fields ofMetadata(String source, Map<String, Json> metadata) {
    return new Fields(source, "gguf-field", metadata);
  }

  /** What the fields are from, for errors. */
  public String source() {
    return source;
  }

  /** The names of all fields, in the order they were written. */
  public Set<String> names() {
    return fields.keySet();
  }

  /** The field's value, empty when it is missing or null. */
  public Optional<Json> find(String name) {
    return Optional.ofNullable(fields.get(name)).filter(value -> !(value instanceof Json.Null));
  }

  /** The field's value. */
  public Json get(String name) {
    return find(name)
        .orElseThrow(() ->
            new InputException(
                errorId,
                "%s has no field \"%s\", which is needed. Add it, or get the file again."
                    .formatted(source, name)));
  }

  /** The whole number of a field, between {@code least} and {@code most}. */
  public int integer(String name, int least, int most) {
    return asInteger(name, get(name), least, most);
  }

  /** The given value of this field, or of an item of it, as a whole number. */
  public int asInteger(String name, Json value, int least, int most) {
    if (value instanceof Json.Num(String digits)) {
      double number = Double.parseDouble(digits);
      if (number >= least && number <= most && number == Math.rint(number)) {
        return (int) number;
      }
    }
    throw wrong(name, "a whole number from %d to %d".formatted(least, most), value);
  }

  /** The whole number of a field; {@code otherwise} when the field is missing. */
  public int integer(String name, int least, int most, int otherwise) {
    return find(name).isPresent() ? integer(name, least, most) : otherwise;
  }

  /** The number of a field, which must be above zero and finite. */
  public double positive(String name) {
    Json value = get(name);
    if (value instanceof Json.Num(String digits)) {
      double number = Double.parseDouble(digits);
      if (number > 0 && Double.isFinite(number)) {
        return number;
      }
    }
    throw wrong(name, "a number above zero", value);
  }

  /** The number of a field; {@code otherwise} when the field is missing. */
  public double positive(String name, double otherwise) {
    return find(name).isPresent() ? positive(name) : otherwise;
  }

  /** True or false; {@code otherwise} when the field is missing. */
  public boolean flag(String name, boolean otherwise) {
    Optional<Json> value = find(name);
    if (value.isEmpty()) {
      return otherwise;
    }
    if (value.get() instanceof Json.Bool(boolean set)) {
      return set;
    }
    throw wrong(name, "true or false", value.get());
  }

  /** The string of a field. */
  public String string(String name) {
    return asString(name, get(name));
  }

  /** The given value of this field, or of an item of it, as a string. */
  public String asString(String name, Json value) {
    if (value instanceof Json.Str(String text)) {
      return text;
    }
    throw wrong(name, "a string", value);
  }

  /** The items of an array. */
  public List<Json> array(String name) {
    return asArray(name, get(name));
  }

  /** The given value of this field, or of an item of it, as an array. */
  public List<Json> asArray(String name, Json value) {
    if (value instanceof Json.Arr(List<Json> items)) {
      return items;
    }
    throw wrong(name, "an array", value);
  }

  /** The fields of a field that is an object. */
  public Fields object(String name) {
    return of(source + ", \"" + name + "\"", get(name));
  }

  /** A sentence that says what a field should hold and what it holds. */
  public InputException wrong(String name, String wanted, Json found) {
    return new InputException(
        errorId, "%s: \"%s\" must be %s, but is %s.".formatted(source, name, wanted, found.kind()));
  }
}
