package dev.tapscope.sae;

import dev.tapscope.io.WholeFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is stated about an SAE that was written: the format, the conventions of its numbers, what
 * was done to them, and whatever else the writer was told.
 */
final class Provenance {
  /** Beside a {@code params.npz}, which has no place for it. */
  static final String FILE = "export.json";

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private Provenance() {}

  static Map<String, Object> of(SaeWriter sae, SaeFormat format) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("schema", "tapscope-sae/1");
    all.put("format", format.word());
    all.putAll(sae.stated());
    all.put("input_bias_taken_off", sae.convention().inputBias());
    all.put("input_scale", sae.convention().inputScale());
    all.put("output_scale", sae.convention().outputScale());
    all.put("notes", sae.notes());
    return all;
  }

  static void write(Path file, Map<String, Object> document) {
    String text = JSON.writeValueAsString(document) + "\n";
    WholeFile.write(file, text);
  }
}
