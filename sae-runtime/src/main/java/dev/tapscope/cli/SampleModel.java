package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A model for the Gemma 2 sample.
 *
 * @param path a folder with {@code config.json}, a GGUF file, or a folder with one and no more
 */
record SampleModel(Path path) {
  private static final String CONFIG = "config.json";
  private static final byte[] GGUF = {'G', 'G', 'U', 'F'};

  /**
   * {@code java -jar gemma2.jar SUBCOMMAND --model MODEL}, to be added to.
   *
   * @throws TapscopeException {@code model-missing}, {@code file-unreadable}, {@code
   *     config-unreadable} or {@code jar-missing}
   */
  List<String> command(Places places, String subcommand) {
    requireModel();
    Path jar = Places.require(places.gemma2(), "Gemma 2 sample", "samples/gemma2");
    return new ArrayList<>(
        List.of(
            Places.java().toString(),
            "-jar",
            jar.toString(),
            subcommand,
            "--model",
            path.toString()));
  }

  private void requireModel() {
    String remedy = "Give a folder with config.json, or a .gguf file.";
    if (!Files.exists(path)) {
      throw TapscopeException.failed(
          "model-missing", "The model %s does not exist. %s".formatted(path, remedy));
    }
    if (!Files.isReadable(path)) {
      throw unreadable("permission denied");
    }
    if (isFound()) {
      return;
    }
    if (!Files.isDirectory(path)) {
      throw TapscopeException.failed(
          "model-missing",
          "The model %s is a file, and not a GGUF file: it does not begin with GGUF. %s"
              .formatted(path, remedy));
    }
    throw TapscopeException.failed(
        "config-unreadable",
        "The model folder %s holds neither config.json nor one .gguf file alone. %s"
            .formatted(path, remedy));
  }

  /** Whether a model lies here, be it for the sample or for another program. */
  boolean isFound() {
    return isConfigured() || isGguf();
  }

  /** Whether {@code config.json} says what the model is. */
  boolean isConfigured() {
    return Files.isRegularFile(path.resolve(CONFIG));
  }

  /** A file is told by how it begins, as it may have any name. */
  private boolean isGguf() {
    if (Files.isDirectory(path) && Files.isReadable(path)) {
      try (Stream<Path> files = Files.list(path)) {
        return files.filter(SampleModel::isNamedGguf).count() == 1;
      } catch (IOException e) {
        throw unreadable(e);
      }
    }
    if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(path)) {
      return Arrays.equals(in.readNBytes(GGUF.length), GGUF);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static boolean isNamedGguf(Path file) {
    return file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
  }

  private TapscopeException unreadable(Object why) {
    return TapscopeException.failed(
        "file-unreadable",
        "The model %s cannot be read: %s. Check the path and its permissions."
            .formatted(path, why));
  }

  /**
   * What the model says of itself: {@code config.json} where there is one, as of any model's
   * folder; otherwise what the sample reads from the GGUF file.
   *
   * @throws TapscopeException {@code config-unreadable}
   */
  ModelFacts facts(Places places) {
    return isConfigured()
        ? ModelFacts.ofConfig(path.resolve(CONFIG))
        : ModelFacts.ofInfo(path, answer(places, "info", List.of(), "config-unreadable"));
  }

  /**
   * The tokens of a text, without BOS.
   *
   * @throws TapscopeException {@code tokenize-failed} when the sample cannot tell
   */
  List<Integer> tokenize(Places places, String text) {
    JsonNode answer = tokenized(places, List.of("--bos", "no", "--prompt", text));
    List<Integer> ids = new ArrayList<>();
    answer.path("results").path(0).path("ids").forEach(id -> ids.add(id.asInt(-1)));
    return ids;
  }

  /**
   * What {@code tokenize} says of texts as JSON.
   *
   * @throws TapscopeException {@code tokenize-failed} when the sample cannot tell
   */
  JsonNode tokenized(Places places, List<String> texts) {
    return answer(places, "tokenize", texts, "tokenize-failed");
  }

  /** What a subcommand of the sample says as JSON, without taps; an error of that id otherwise. */
  private JsonNode answer(Places places, String subcommand, List<String> arguments, String id) {
    List<String> command = command(places, subcommand);
    command.addAll(arguments);
    command.add("--json");
    try {
      Process process = new ProcessBuilder(command).start();
      process.getOutputStream().close();
      Tail said = new Tail();
      Thread errors = Thread.ofVirtual().start(() -> pass(process.getErrorStream(), said));
      byte[] answer;
      try (InputStream output = process.getInputStream()) {
        answer = output.readAllBytes();
      }
      errors.join();
      int exit = process.waitFor();
      if (exit != 0) {
        String last = said.text().lines().reduce("", (before, line) -> line);
        throw new IOException("it ended with exit code %d and said: %s".formatted(exit, last));
      }
      return new JsonMapper().readTree(answer);
    } catch (IOException | JacksonException e) {
      throw untold(command, id, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw untold(command, id, e);
    }
  }

  private static void pass(InputStream from, OutputStream to) {
    try (from) {
      from.transferTo(to);
    } catch (IOException e) {
      // Only what it said is lost; that it failed is told by its exit code.
    }
  }

  private TapscopeException untold(List<String> command, String id, Exception e) {
    return TapscopeException.failed(
        id,
        "The Gemma 2 sample could not be asked about %s: %s Run it by hand to see more: %s"
            .formatted(path, sentence(e.getMessage()), String.join(" ", command)),
        e);
  }

  private static String sentence(String words) {
    return words.endsWith(".") ? words : words + ".";
  }
}
