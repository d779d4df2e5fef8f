package dev.tapscope.sae;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The labels of an SAE's features: {@code labels.jsonl} beside it, one object a line with {@code
 * index}, {@code text} and {@code source}. Immutable.
 */
public final class Labels {
  /** Name of the file beside an SAE. */
  public static final String FILE = "labels.jsonl";

  private static final Labels NONE = new Labels(Map.of());
  private static final JsonMapper JSON = new JsonMapper();

  private final Map<Integer, Label> byFeature;

  private Labels(Map<Integer, Label> byFeature) {
    this.byFeature = Collections.unmodifiableMap(byFeature);
  }

  public static Labels none() {
    return NONE;
  }

  /**
   * Reads the labels in a folder; none when there is no file.
   *
   * @param features number of features of the SAE
   */
  static Labels in(Path folder, int features) {
    Path file = folder.resolve(FILE);
    return Files.exists(file) ? read(file, features) : none();
  }

  /**
   * Reads a file of labels. Of two labels of a feature the later one counts.
   *
   * @param features number of features of the SAE
   * @throws TapscopeException {@code labels-corrupt} or {@code file-unreadable}
   */
  public static Labels read(Path file, int features) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unreadable",
          "%s cannot be read as UTF-8 text: %s. Check the path and its permissions."
              .formatted(file, e.getMessage()),
          e);
    }
    Map<Integer, Label> labels = new TreeMap<>();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        Label label = parse(file, i + 1, lines.get(i), features);
        labels.put(label.feature(), label);
      }
    }
    return new Labels(labels);
  }

  private static Label parse(Path file, int line, String text, int features) {
    JsonNode node;
    try {
      node = JSON.readTree(text);
    } catch (JacksonException e) {
      throw corrupt(file, line, e.getOriginalMessage(), e);
    }
    JsonNode index = node.path("index");
    if (!index.isIntegralNumber() || !index.canConvertToInt() || !node.path("text").isString()) {
      throw corrupt(file, line, "a whole number 'index' and a string 'text' were wanted", null);
    }
    int feature = index.intValue();
    if (feature < 0 || feature >= features) {
      throw corrupt(file, line, "feature %d is not one of %d".formatted(feature, features), null);
    }
    JsonNode source = node.path("source");
    return new Label(
        feature, node.path("text").stringValue(), source.isString() ? source.stringValue() : "");
  }

  private static TapscopeException corrupt(Path file, int line, String found, Throwable cause) {
    return TapscopeException.failed(
        "labels-corrupt",
        "Line %d of %s is no label: %s. Correct the line, or take the file away."
            .formatted(line, file, found),
        cause);
  }

  public Optional<Label> of(int feature) {
    return Optional.ofNullable(byFeature.get(feature));
  }

  /** All labels, by feature. */
  public Map<Integer, Label> all() {
    return byFeature;
  }
}
