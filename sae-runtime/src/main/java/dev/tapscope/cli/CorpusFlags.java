package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Stack;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What a model reads. */
final class CorpusFlags {
  @Option(
      names = "--corpus",
      paramLabel = "FILE...",
      parameterConsumer = Files.class,
      description =
          "Documents: JSONL with text, ids or messages, or plain text, one a line; either may be"
              + " compressed by gzip. One or more files; repeatable.")
  private List<Path> files = new ArrayList<>();

  /**
   * The files in their order, at least one.
   *
   * @throws TapscopeException {@code option-missing}
   */
  List<Path> files() {
    if (files.isEmpty()) {
      throw TapscopeException.usage(
          "option-missing", "It is not said what the model reads. Add --corpus FILE.");
    }
    return List.copyOf(files);
  }

  /** Whether any was given. */
  boolean given() {
    return !files.isEmpty();
  }

  /** Takes words up to the next flag, so that a misspelt one is not taken for a file. */
  static final class Files implements IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> words, ArgSpec flag, CommandSpec command) {
      List<Path> all = new ArrayList<>(flag.<List<Path>>getValue());
      int before = all.size();
      while (!words.isEmpty() && !words.peek().startsWith("-")) {
        all.add(Path.of(words.pop()));
      }
      if (all.size() == before) {
        throw new ParameterException(
            command.commandLine(),
            "--corpus takes one or more files%s; a file whose name begins with - is written ./-NAME"
                .formatted(words.isEmpty() ? "" : ", and " + words.peek() + " follows"));
      }
      flag.setValue(all);
    }
  }
}
