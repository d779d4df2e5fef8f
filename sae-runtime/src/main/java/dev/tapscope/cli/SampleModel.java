package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A model for the Gemma 2 sample.
 *
 * @param folder with {@code config.json}
 */
record SampleModel(Path folder) {
  /**
   * {@code java -jar gemma2.jar SUBCOMMAND --model DIR}, to be added to.
   *
   * @throws TapscopeException {@code model-missing} or {@code jar-missing}
   */
  List<String> command(Places places, String subcommand) {
    if (!Files.isDirectory(folder)) {
      throw TapscopeException.failed(
          "model-missing",
          "The model folder " + folder + " does not exist. Give a folder with config.json.");
    }
    Path jar = Places.require(places.gemma2(), "Gemma 2 sample", "samples/gemma2");
    return new ArrayList<>(
        List.of(
            Places.java().toString(),
            "-jar",
            jar.toString(),
            subcommand,
            "--model",
            folder.toString()));
  }

  /**
   * Flags of {@code score} for windows that do not overlap, so that a long document's tokens are
   * each computed once. Every window of the whole context begins with BOS; what follows BOS in the
   * next window is what came after the last token of this one. Only ids given without BOS have one
   * token in two windows, the last of one and the first of the next.
   */
  List<String> windowsOnce() {
    JsonNode context = config().path("max_position_embeddings");
    if (!context.isInt() || context.intValue() < 2) {
      throw TapscopeException.failed(
          "config-unreadable",
          "%s states %s for max_position_embeddings; a context of at least 2 positions was wanted. Check the model folder."
              .formatted(file(), context.isMissingNode() ? "nothing" : context));
    }
    int window = context.intValue();
    return List.of("--window", Integer.toString(window), "--stride", Integer.toString(window - 1));
  }

  /**
   * Tokens that end a text: {@code eos_token_id} of the model's {@code config.json}. What else ends
   * a generation, such as the end of a turn, is a token like others here.
   */
  Set<Integer> endTokens() {
    return tokens("eos_token_id");
  }

  /** The token or tokens that {@code config.json} names by a key; none where it does not. */
  Set<Integer> tokens(String key) {
    JsonNode named = config().path(key);
    Set<Integer> tokens = new TreeSet<>();
    if (named.isInt()) {
      tokens.add(named.intValue());
    }
    named.forEach(id -> tokens.add(id.asInt(-1)));
    return tokens;
  }

  /**
   * The tokens of a text, without BOS.
   *
   * @throws TapscopeException {@code tokenize-failed} when the sample cannot tell
   */
  List<Integer> tokenize(Places places, String text) {
    List<String> command = command(places, "tokenize");
    command.addAll(List.of("--bos", "no", "--json", "--prompt", text));
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      process.getOutputStream().close();
      JsonNode answer;
      try (InputStream output = process.getInputStream()) {
        answer = new JsonMapper().readTree(output.readAllBytes());
      }
      List<Integer> ids = new ArrayList<>();
      answer.path("results").path(0).path("ids").forEach(id -> ids.add(id.asInt(-1)));
      if (process.waitFor() == 0) {
        return ids;
      }
      throw untold(command, new IOException("exit code " + process.exitValue()));
    } catch (IOException | JacksonException e) {
      throw untold(command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw untold(command, e);
    }
  }

  private static TapscopeException untold(List<String> command, Exception e) {
    return TapscopeException.failed(
        "tokenize-failed",
        "The model's tokenizer could not be asked: %s. Run it by hand to see why: %s"
            .formatted(e.getMessage(), String.join(" ", command)),
        e);
  }

  private Path file() {
    return folder.resolve("config.json");
  }

  private JsonNode config() {
    try {
      return new JsonMapper().readTree(Files.readString(file()));
    } catch (IOException | JacksonException e) {
      throw TapscopeException.failed(
          "config-unreadable",
          file() + " cannot be read: " + e.getMessage() + ". Check the model folder.",
          e);
    }
  }
}
