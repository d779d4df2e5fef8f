package dev.tapscope.jlama;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.tjake.jlama.util.JsonSupport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A Hugging Face folder before Jlama sees it: what Jlama would stumble over is said in words here,
 * and so is where its Gemma 2 is not Gemma 2.
 *
 * @param config {@code config.json}
 */
record ModelFolder(Path path, JsonNode config) {
  private static final List<String> WEIGHTS =
      List.of("model.safetensors", "model.safetensors.index.json");

  static ModelFolder check(Path path) {
    if (!Files.isDirectory(path)) {
      throw new InputException(
          "model-missing",
          "A model folder was wanted, and "
              + path
              + (Files.exists(path) ? " is a file." : " does not exist.")
              + " Give the folder that holds config.json, model.safetensors and tokenizer.json.");
    }
    JsonNode config = readConfig(path.resolve("config.json"));
    String type = config.path("model_type").asText("");
    if (!type.equals("gemma2")) {
      throw new InputException(
          "model-type",
          "config.json in "
              + path
              + (type.isEmpty() ? " has no model_type" : " has the model_type \"" + type + "\"")
              + ", and this sample is for \"gemma2\".");
    }
    if (!config.hasNonNull("hidden_act")) {
      throw new InputException(
          "config-hidden-act",
          "Jlama reads the activation function from \"hidden_act\", which config.json in "
              + path
              + " lacks. Add the line \"hidden_act\": \"gelu_pytorch_tanh\" to it.");
    }
    if (WEIGHTS.stream().noneMatch(name -> Files.isRegularFile(path.resolve(name)))) {
      throw new InputException(
          "weights-missing",
          path + " has neither model.safetensors nor model.safetensors.index.json. Download them.");
    }
    if (!Files.isRegularFile(path.resolve("tokenizer.json"))) {
      throw new InputException(
          "tokenizer-missing",
          path
              + " has no tokenizer.json, which Jlama needs even for ids. Download it;"
              + " tokenizer.model does not do.");
    }
    return new ModelFolder(path, config);
  }

  private static JsonNode readConfig(Path file) {
    try {
      return JsonSupport.om.readTree(file.toFile());
    } catch (IOException e) {
      throw new InputException(
          "config-unreadable",
          (Files.exists(file)
                  ? file + " cannot be read as JSON: " + e.getMessage()
                  : file + " is missing")
              + ". A Hugging Face model folder has one.",
          e);
    }
  }

  /** Where Jlama computes something other than Gemma 2, one sentence each. */
  List<String> departures() {
    List<String> all = new ArrayList<>();
    OptionalDouble window = number("sliding_window");
    if (window.isPresent()
        && window.getAsDouble() < config.path("max_position_embeddings").asInt()) {
      all.add(
          "Jlama has no sliding window; from position %d on its values are not Gemma 2's."
              .formatted((int) window.getAsDouble()));
    }
    OptionalDouble scalar = number("query_pre_attn_scalar");
    int headDim = config.path("head_dim").asInt();
    if (scalar.isPresent() && scalar.getAsDouble() != headDim) {
      all.add(
          "Jlama scales attention scores by head_dim^-0.5 (%d), this model wants %s^-0.5; its values are not Gemma 2's."
              .formatted(headDim, scalar.getAsDouble()));
    }
    float scale = (float) Math.sqrt(config.path("hidden_size").asInt());
    if ((Float.floatToIntBits(scale) & 0xffff) != 0) {
      all.add(
          "Jlama rounds the embedding scale %s to bf16, as bf16 runs elsewhere do; fp32 runs do not."
              .formatted(scale));
    }
    return all;
  }

  private OptionalDouble number(String key) {
    JsonNode value = config.path(key);
    return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
  }
}
