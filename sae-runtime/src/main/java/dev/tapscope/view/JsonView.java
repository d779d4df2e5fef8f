package dev.tapscope.view;

import dev.tapscope.view.TokenView.Feature;
import dev.tapscope.view.TokenView.Firing;
import dev.tapscope.view.TokenView.Sheet;
import dev.tapscope.view.TokenView.ShownToken;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The screen as one JSON document, schema {@value #SCHEMA}. Nothing is left out that the other
 * renderers fold away; what they fold is marked ({@code bos}, {@code dense}, {@code bos_only}).
 * Unknown figures are {@code null}.
 */
public final class JsonView {
  public static final String SCHEMA = "tapscope-view/1";

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private JsonView() {}

  /** Renders the document, ending with a line break. */
  public static String render(TokenView view) {
    return MAPPER.writeValueAsString(document(view)) + "\n";
  }

  /** The document as maps and lists, to be part of a larger one. */
  public static Map<String, Object> document(TokenView view) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", SCHEMA);
    document.put("title", view.title());
    document.put("tokens", view.tokens().stream().map(JsonView::token).toList());
    document.put("saes", view.sheets().stream().map(JsonView::sheet).toList());
    document.put("edits", view.edits().stream().map(JsonView::edit).toList());
    document.put("notes", view.notes());
    return document;
  }

  private static Map<String, Object> token(ShownToken token) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("index", token.index());
    map.put("seq", token.sequence());
    map.put("pos", token.position());
    map.put("id", token.id());
    map.put("text", token.text());
    map.put("display", token.display());
    map.put("generated", token.generated());
    map.put("bos", token.bos());
    return map;
  }

  private static Map<String, Object> edit(TokenView.Edit edit) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("edit", edit.text());
    map.put("formula", edit.formula());
    return map;
  }

  private static Map<String, Object> sheet(Sheet sheet) {
    Map<String, Object> scale = new LinkedHashMap<>();
    scale.put("kind", sheet.scale().dataset() ? "dataset-max" : "view-max");
    scale.put("corpus", sheet.scale().corpus().orElse(null));
    scale.put("view_max", sheet.scale().viewMax());
    Map<String, Object> folded = new LinkedHashMap<>();
    folded.put("bos_tokens", sheet.folded().bosTokens());
    folded.put("bos_mean_active", sheet.folded().bosFeatures());
    folded.put("dense_features", sheet.folded().dense().orElse(null));
    folded.put("dense_above", 0.1);

    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", sheet.name());
    map.put("address", sheet.address());
    map.put("width", sheet.width() > 0 ? sheet.width() : null);
    map.put("scale", scale);
    map.put("l0_without_bos", sheet.l0());
    map.put("relative_error_without_bos", orNull(sheet.relativeError()));
    map.put("folded", folded);
    map.put("active", sheet.active());
    map.put("features_omitted", sheet.omitted());
    map.put("features", sheet.features().stream().map(JsonView::feature).toList());
    map.put("strongest", sheet.strongest().stream().map(JsonView::strongest).toList());
    return map;
  }

  private static Map<String, Object> feature(Feature feature) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("index", feature.index());
    map.put("label", feature.label().orElse(null));
    map.put("label_source", feature.labelSource().orElse(null));
    map.put("max", feature.max());
    map.put("tokens", feature.tokens());
    map.put("density", orNull(feature.density()));
    map.put("dataset_max", orNull(feature.datasetMax()));
    map.put("dense", feature.dense());
    map.put("bos_only", feature.bosOnly());
    map.put("firings", feature.firings().stream().map(f -> at("token", f.token(), f)).toList());
    return map;
  }

  private static List<Map<String, Object>> strongest(List<Firing> firings) {
    return firings.stream().map(f -> at("feature", f.feature(), f)).toList();
  }

  private static Map<String, Object> at(String key, int place, Firing firing) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(key, place);
    map.put("value", firing.value());
    map.put("share", Math.round(firing.share() * 1e4) / 1e4);
    return map;
  }

  private static Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
