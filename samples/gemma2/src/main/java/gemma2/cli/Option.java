package gemma2.cli;

import java.util.List;

/**
 * An option of a command.
 *
 * @param name the name with its dashes
 * @param value what to call its value in the help; empty for a switch
 * @param help what it does
 */
record Option(String name, String value, String help) {

  /** Positions of a prompt that are computed at once, when nothing else is asked for. */
  static final int DEFAULT_CHUNK = 512;

  static final Option CHUNK =
      new Option(
          "--chunk", "N", "positions computed at once in a prompt; default " + DEFAULT_CHUNK);

  static final Option LAYERS =
      new Option(
          "--layers", "N", "run the first N blocks only, then the head; default: all of them");

  static final List<Option> MODEL =
      List.of(
          new Option(
              "--model",
              "DIR",
              "folder with config.json, weights and tokenizer, or .gguf (needed)"),
          new Option("--threads", "N", "threads; default: all cores, one for a small model"),
          CHUNK,
          new Option("--kernels", "auto|plain|vector", "inner loops; default auto"),
          new Option("--bf16-embedding-scale", "", "round sqrt(hidden size) to bf16"),
          new Option("--no-weight-check", "", "do not search the weights for NaN at load"));

  static final List<Option> INPUT =
      List.of(
          new Option("--prompt", "TEXT", "a text"),
          new Option("--text", "FILE", "a text in a UTF-8 file"),
          new Option("--ids", "2,17,9", "token ids"),
          new Option(
              "--messages", "FILE", "a chat, JSON: [{\"role\": \"user\", \"content\": ...}]"),
          new Option(
              "--prompts", "FILE.jsonl", "a JSON object a line: id and text, ids or messages"),
          new Option("--chat", "", "--prompt is what the user says in a chat"),
          new Option(
              "--bos",
              "auto|yes|no",
              "BOS in front: auto does so for texts and leaves --ids as they are; a chat always"
                  + " begins with one"));

  static final List<Option> ALL_COMMANDS =
      List.of(
          new Option("--json", "", "print one JSON document"),
          new Option("--debug", "", "print a stack trace with an error"),
          new Option("--help", "", "this text"));

  boolean isSwitch() {
    return value.isEmpty();
  }

  /** The option as the help shows it. */
  String synopsis() {
    return isSwitch() ? name : name + " " + value;
  }
}
