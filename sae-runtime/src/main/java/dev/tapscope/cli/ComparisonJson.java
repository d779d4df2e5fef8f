package dev.tapscope.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** A comparison as one JSON document, schema {@value #SCHEMA}. */
final class ComparisonJson {
  static final String SCHEMA = "tapscope-steer/1";

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private ComparisonJson() {}

  static String of(Comparison comparison, EditFlags flags) {
    Effect effect = comparison.effect();
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", SCHEMA);
    document.put(
        "edits",
        StreamSupport.stream(
                comparison.edited().run().document().path("edits").spliterator(), false)
            .map(edit ->
                Map.of(
                    "edit", edit.path("edit").asString(""),
                    "formula", edit.path("formula").asString("")))
            .toList());
    document.put("prompt", flags.model().prompt().orElse(null));
    boolean seeded = flags.model().isSample() || comparison.controls().tried() > 0;
    document.put("seed", seeded ? flags.model().seed() : null);
    document.put("default", side(comparison.plain()));
    document.put("edited", side(comparison.edited()));
    document.put(
        "first_difference",
        effect.firstDifference().isPresent() ? effect.firstDifference().getAsInt() : null);
    document.put("mean_kl_nats", effect.meanDivergence());
    document.put("kl_positions", effect.positions());
    document.put("first_token_default", token(effect.before()));
    document.put("first_token_edited", token(effect.after()));
    document.put("watched", comparison.watched().stream().map(ComparisonJson::token).toList());
    document.put("strength_0_bit_identical", comparison.noOp().orElse(null));
    if (comparison.controls().tried() > 0) {
      Map<String, Object> control = new LinkedHashMap<>();
      control.put("tried", comparison.controls().tried());
      control.put("strength", comparison.controls().strength());
      control.put("same_first_token", comparison.controls().same());
      document.put("control", control);
    }
    return MAPPER.writeValueAsString(document);
  }

  private static Map<String, Object> side(Trial trial) {
    Map<String, Object> side = new LinkedHashMap<>();
    side.put("output", trial.output());
    List<Integer> ids = trial.generated().stream().map(token -> token.id()).toList();
    side.put("generated_ids_computed", ids);
    return side;
  }

  private static Map<String, Object> token(Effect.FirstToken token) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("id", token.id());
    map.put("text", token.text());
    map.put("sampled", token.sampled());
    map.put("p_default", token.byDefault());
    map.put("p_edited", token.edited());
    return map;
  }
}
