package dev.tapscope.train;

import dev.tapscope.io.Safetensors;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All that training needs to go on as if it had never stopped. The arrays themselves are tensors of
 * the same file, {@code NAME/W_enc} and so on.
 *
 * @param step steps taken
 * @param scalings by site
 * @param places where each site's source stood, by site
 * @param device that it was made on, {@link #CPU} or a GPU
 */
public record Checkpoint(
    Plan plan,
    long step,
    Map<String, Scaling> scalings,
    Map<String, String> places,
    String device) {
  static final String CPU = "cpu";

  /** Its name in the folder of a training. */
  public static final String FILE = "checkpoint.safetensors";

  static final String FORMAT = "tapscope-training/1";
  private static final JsonMapper JSON = new JsonMapper();

  /** As strings of a safetensors file's metadata. */
  Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("step", Long.toString(step));
    metadata.put("device", device);
    metadata.put("course", JSON.writeValueAsString(plan.course().spelled()));
    List<Map<String, Object>> saes = new ArrayList<>();
    for (Task task : plan.tasks()) {
      Map<String, Object> sae = new LinkedHashMap<>(); // in order: equal checkpoints, equal bytes
      sae.put("name", task.name());
      sae.put("recipe", task.recipe().spelled());
      saes.add(sae);
    }
    metadata.put("saes", JSON.writeValueAsString(saes));
    List<Map<String, Object>> sites = new ArrayList<>();
    for (String site : plan.sites()) {
      Scaling scaling = scalings.get(site);
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("site", site);
      one.put("input_scale", Float.toString(scaling.input()));
      one.put("output_scale", Float.toString(scaling.output()));
      one.put("place", places.get(site));
      sites.add(one);
    }
    metadata.put("sites", JSON.writeValueAsString(sites));
    metadata.put("origin", JSON.writeValueAsString(new TreeMap<>(plan.origin())));
    return metadata;
  }

  /**
   * Reads everything but the arrays.
   *
   * @throws TapscopeException {@code checkpoint-unreadable} for a file that is no checkpoint
   */
  public static Checkpoint read(Path file) {
    return of(file, Safetensors.open(file).metadata());
  }

  private static Checkpoint of(Path file, Map<String, String> metadata) {
    if (!FORMAT.equals(metadata.get("format"))) {
      throw unreadable(
          file, "its format is '%s', not '%s'".formatted(metadata.get("format"), FORMAT));
    }
    try {
      List<Task> tasks = new ArrayList<>();
      for (JsonNode sae : JSON.readTree(metadata.get("saes"))) {
        String name = sae.required("name").stringValue();
        tasks.add(
            new Task(name, Recipe.of(Words.of("SAE " + name, strings(sae.required("recipe"))))));
      }
      Map<String, Scaling> scalings = new LinkedHashMap<>();
      Map<String, String> places = new LinkedHashMap<>();
      for (JsonNode site : JSON.readTree(metadata.get("sites"))) {
        String address = site.required("site").stringValue();
        scalings.put(
            address, new Scaling(number(site, "input_scale"), number(site, "output_scale")));
        places.put(address, site.required("place").stringValue());
      }
      Map<String, String> course = strings(JSON.readTree(metadata.get("course")));
      return new Checkpoint(
          new Plan(
              Course.of(Words.of("The checkpoint", course)),
              tasks,
              strings(JSON.readTree(metadata.get("origin")))),
          Long.parseLong(metadata.get("step")),
          scalings,
          places,
          metadata.getOrDefault("device", CPU)); // there was no other once
    } catch (JacksonException | IllegalArgumentException e) {
      throw unreadable(file, String.valueOf(e.getMessage()));
    }
  }

  private static float number(JsonNode node, String name) {
    return Float.parseFloat(node.required(name).stringValue());
  }

  private static Map<String, String> strings(JsonNode node) {
    Map<String, String> strings = new LinkedHashMap<>();
    node.properties().forEach(entry -> strings.put(entry.getKey(), entry.getValue().stringValue()));
    return strings;
  }

  static TapscopeException unreadable(Path file, String found) {
    return TapscopeException.failed(
        "checkpoint-unreadable",
        "%s is no checkpoint that training can go on from: %s. Give the --out folder of a training by this version of tapscope."
            .formatted(file, found));
  }
}
