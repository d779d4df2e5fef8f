package gemma2.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {

  @Test
  void readsEveryKindOfValue() {
    Json read = Json.parse("test", " {\"a\" : [1, -2.5e3, true, false, null, \"x\"],\n\"b\":{}} ");
    Map<String, Json> wanted = new LinkedHashMap<>();
    wanted.put(
        "a",
        new Json.Arr(
            List.of(
                new Json.Num("1"),
                new Json.Num("-2.5e3"),
                new Json.Bool(true),
                new Json.Bool(false),
                new Json.Null(),
                new Json.Str("x"))));
    wanted.put("b", new Json.Obj(Map.of()));
    assertEquals(new Json.Obj(wanted), read);
  }

  @Test
  void readsEscapes() {
    assertEquals(
        new Json.Str("\"\\/\b\f\n\r\té😀"),
        Json.parse("test", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``            | 1 | 1 | a value was expected, but the text ends",
        "{             | 1 | 2 | a field name in quotes was expected",
        "[1,]          | 1 | 4 | a value was expected, but here stands ']'",
        "[1 2]         | 1 | 4 | ']' was expected, but here stands '2'",
        "{\"a\" 1}     | 1 | 6 | ':' was expected",
        "{\"a\":1,}    | 1 | 8 | a field name in quotes was expected",
        "{'a':1}       | 1 | 2 | a field name in quotes was expected",
        "01            | 1 | 2 | the document is over",
        "1.            | 1 | 2 | the document is over",
        "+1            | 1 | 1 | a value was expected",
        "NaN           | 1 | 1 | a value was expected",
        "truth         | 1 | 1 | a value was expected",
        "\"abc         | 1 | 5 | a string was not closed",
        "\"a\\         | 1 | 3 | a string was not closed",
        "\"\\x\"       | 1 | 2 | there is no escape \\x",
        "\"\\u12g4\"   | 1 | 2 | four hexadecimal digits",
        "[] // end     | 1 | 4 | the document is over",
        "`{\"a\":1,\n \"a\":2}` | 2 | 2 | the field \"a\" is named twice",
        "`[1,\n 2,\n  x]`       | 3 | 3 | a value was expected, but here stands 'x'",
        "`[\"a\nb\"]`           | 1 | 4 | a control character",
      })
  void refusesWhatIsNotJson(String text, int line, int column, String why) {
    String message =
        assertThrows(InputException.class, () -> Json.parse("the file", text)).getMessage();
    assertTrue(
        message.startsWith(
            "the file is not valid JSON: line %d, column %d: ".formatted(line, column)),
        message);
    assertTrue(message.contains(why), message);
  }

  @Test
  void refusesDeepNesting() {
    String message =
        assertThrows(InputException.class, () -> Json.parse("x", "[".repeat(100_000))).getMessage();
    assertTrue(message.contains("column 257: values are nested more than 256 deep"), message);
  }

  @Test
  void writesWhatItReads() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("text \"é😀\u0001\n", List.of(1, 2L, 0.5, true));
    value.put("ids", new int[] {3, 4});
    String written = JsonWriter.write(value);
    assertEquals("{\"text \\\"é😀\\u0001\\n\":[1,2,0.5,true],\"ids\":[3,4]}", written);
    assertEquals(
        "text \"é😀\u0001\n", Fields.of("x", Json.parse("x", written)).names().iterator().next());
  }

  @Test
  void writesNoNumberThatJsonDoesNotHave() {
    assertThrows(IllegalArgumentException.class, () -> JsonWriter.write(Double.NaN));
  }
}
