package dev.tapscope.folder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tapscope.testing.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTextTest {
  @Test
  void writesEveryKindOfValue() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("text", "a \"b\" \\ \n \t \u0001 é 😀");
    value.put("numbers", List.of(1, 2L, 0.5, 1e-7f, -3));
    value.put("truth", true);
    value.put("empty", List.of(Map.of(), List.of()));
    assertEquals(
        "{\"text\":\"a \\\"b\\\" \\\\ \\n \\u0009 \\u0001 é 😀\","
            + "\"numbers\":[1,2,0.5,1.0E-7,-3],\"truth\":true,\"empty\":[{},[]]}",
        JsonText.of(value));
    assertEquals(Json.parse(JsonText.of(value)), Json.parse(JsonText.indented(value)));
  }

  @Test
  void numbersJsonCannotWriteBecomeStrings() {
    assertEquals(
        "[\"NaN\",\"-Infinity\",\"Infinity\"]",
        JsonText.of(List.of(Double.NaN, Float.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY)));
  }

  @Test
  void halfACharacterIsEscaped() {
    assertEquals("\"\\ud83d\"", JsonText.of("\ud83d"));
    assertEquals("\"\\ude00x\"", JsonText.of("\ude00x"));
  }

  @Test
  void refusesWhatJsonHasNot() {
    assertThrows(IllegalArgumentException.class, () -> JsonText.of(new Object()));
    assertThrows(IllegalArgumentException.class, () -> JsonText.of(Map.of(1, "x")));
    assertThrows(IllegalArgumentException.class, () -> JsonText.of(Arrays.asList((Object) null)));
  }
}
