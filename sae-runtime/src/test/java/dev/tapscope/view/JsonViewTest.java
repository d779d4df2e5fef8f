package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JsonViewTest {
  private static final JsonMapper MAPPER = new JsonMapper();

  private final JsonNode document = MAPPER.readTree(JsonView.render(HandMade.view()));

  @Test
  void carriesItsSchemaAndTheTextAsItWas() {
    assertEquals("tapscope-view/1", document.get("schema").asString());
    JsonNode hostile = document.get("tokens").get(2);
    assertEquals(" <b>\"\u001b[31m\u202e'&", hostile.get("text").asString());
    assertEquals(" <b>\"␛[31m‹U+202E›'&", hostile.get("display").asString());
    assertTrue(document.get("tokens").get(0).get("bos").asBoolean());
    assertTrue(document.get("tokens").get(7).get("generated").asBoolean());
  }

  @Test
  void carriesWhatTheScreenShowsAndWhatItFolds() {
    JsonNode sae = document.get("saes").get(0);
    assertEquals(10 / 7.0, sae.get("l0_without_bos").asDouble(), 1e-12);
    assertEquals(0.25, sae.get("relative_error_without_bos").asDouble());
    assertEquals("dataset-max", sae.get("scale").get("kind").asString());
    assertEquals(1, sae.get("folded").get("dense_features").asInt());
    JsonNode strongest = sae.get("strongest").get(1).get(0);
    assertEquals(1, strongest.get("feature").asInt());
    assertEquals(4.0, strongest.get("value").asDouble());
    assertEquals(0.5, strongest.get("share").asDouble());
    JsonNode dense = sae.get("features").get(3);
    assertEquals(0, dense.get("index").asInt());
    assertTrue(dense.get("dense").asBoolean());
    assertTrue(dense.get("label").isNull());
    assertEquals(
        List.of(0, 1, 6),
        dense.get("firings").values().stream().map(f -> f.get("token").asInt()).toList());
  }

  @Test
  void namesEditsWithTheirFormula() {
    assertEquals(
        "h += 8 * W_dec[1] at res.3", document.get("edits").get(0).get("formula").asString());
  }
}
