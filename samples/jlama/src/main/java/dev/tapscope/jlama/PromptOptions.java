package dev.tapscope.jlama;

import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which model, and what it is to read. */
final class PromptOptions {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Folder with config.json, model.safetensors and tokenizer.json.")
  private Path model;

  @ArgGroup(multiplicity = "1")
  private Prompt prompt;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  /** Either of two ways to say it. */
  static final class Prompt {
    @Option(
        names = "--prompt",
        paramLabel = "TEXT",
        description = "A text; Jlama's tokenizer puts BOS in front of it.")
    private String text;

    @Option(
        names = "--ids",
        paramLabel = "2,17,9",
        split = ",",
        description = "Token ids, taken as they are.")
    private int[] ids;
  }

  boolean json() {
    return json;
  }

  /** Loads the model; what it computes differently from Gemma 2 is said. */
  JlamaModel open(PrintWriter err) {
    JlamaModel opened = JlamaModel.open(model);
    opened.departures().forEach(departure -> err.println("jlama: note: " + departure));
    return opened;
  }

  /** The ids of the prompt, checked against the model. */
  int[] ids(JlamaModel opened) {
    int[] ids = prompt.ids == null ? opened.encode(prompt.text) : prompt.ids;
    opened.check(ids);
    return ids;
  }
}
