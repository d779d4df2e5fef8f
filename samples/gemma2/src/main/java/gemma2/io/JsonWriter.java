package gemma2.io;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes JSON. Values are maps, lists, strings, numbers, booleans, and arrays of int or double. */
public final class JsonWriter {

  private final StringBuilder out = new StringBuilder();

  private JsonWriter() {}

  /** {@code value} as one line of JSON. */
  public static String write(Object value) {
    JsonWriter writer = new JsonWriter();
    writer.value(value);
    return writer.out.toString();
  }

  private void value(Object value) {
    switch (value) {
      case Map<?, ?> map -> object(map);
      case List<?> list -> array(list);
      case double[] doubles -> array(Arrays.stream(doubles).boxed().toList());
      case int[] ints -> array(Arrays.stream(ints).boxed().toList());
      case String text -> string(text);
      case Double d -> number(d);
      case Integer i -> out.append(i);
      case Long l -> out.append(l);
      case Boolean b -> out.append(b);
      default ->
          throw new IllegalArgumentException("JSON has no form for a " + value.getClass() + ".");
    }
  }

  private void number(Number number) {
    if (!Double.isFinite(number.doubleValue())) {
      throw new IllegalArgumentException("JSON has no form for " + number + ".");
    }
    out.append(number);
  }

  private void object(Map<?, ?> map) {
    String comma = "";
    out.append('{');
    for (Map.Entry<?, ?> field : map.entrySet()) {
      out.append(comma);
      string((String) field.getKey());
      out.append(':');
      value(field.getValue());
      comma = ",";
    }
    out.append('}');
  }

  private void array(List<?> items) {
    String comma = "";
    out.append('[');
    for (Object item : items) {
      out.append(comma);
      value(item);
      comma = ",";
    }
    out.append(']');
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || c == 0x7F) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
