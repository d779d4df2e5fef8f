package dev.tapscope.endtoend;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The runs that several tests look at, each made once. */
final class Captures {
  /** New tokens of the golden runs. */
  static final int GREEDY = 32;

  private static final Map<String, Run> RUNS = new HashMap<>();

  private Captures() {}

  /** A finished run and its folder, which is read once. */
  static final class Run {
    private final JvmRun.Finished finished;
    private final Path folder;
    private Optional<CapturedRun> captured = Optional.empty();

    private Run(JvmRun.Finished finished, Path folder) {
      this.finished = finished;
      this.folder = folder;
    }

    JvmRun.Finished finished() {
      return finished;
    }

    Path folder() {
      return folder;
    }

    synchronized CapturedRun captured() {
      CapturedRun read = captured.orElseGet(() -> CapturedRun.read(folder));
      captured = Optional.of(read);
      return read;
    }
  }

  /** A golden prompt and its greedy continuation, every site captured. */
  static synchronized Run golden(GoldenPrompt prompt) {
    return RUNS.computeIfAbsent(prompt.name(), name -> all(generate(prompt, GREEDY), name));
  }

  /** The command that continues a golden prompt. */
  static JvmRun generate(GoldenPrompt prompt, int n) {
    return generate(Fixtures.tinyGemma2(), prompt.ids(), n);
  }

  /** The command that continues some tokens and computes the logits of all of them. */
  static JvmRun generate(Path model, int[] ids, int n) {
    return JvmRun.gemma2("generate", "--model", model.toString(), "--ids", join(ids))
        .with("-n", Integer.toString(n), "--ignore-eos", "--all-logits", "--json");
  }

  /** Runs a command with every site captured. */
  static Run all(JvmRun command, String name) {
    return captured(command, name, "capture=" + Sites.all());
  }

  /** Runs a command under the agent with the given options and a run folder. */
  static Run captured(JvmRun command, String name, String... options) {
    Path folder = Packaged.workFolder(name).resolve("run");
    String[] all = Arrays.copyOf(options, options.length + 2);
    all[options.length] = "profile=gemma2";
    all[options.length + 1] = "out=" + folder;
    return new Run(command.agent(all).run().ok(), folder);
  }

  /** A JSONL file of prompts as ids. */
  static Path jsonLines(List<GoldenPrompt> prompts) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < prompts.size(); i++) {
      String ids = join(prompts.get(i).ids());
      lines.append("{\"id\": \"%d\", \"ids\": [%s]}%n".formatted(i, ids));
    }
    try {
      return Files.writeString(Packaged.workFolder("prompts").resolve("prompts.jsonl"), lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ids as the command line takes them. */
  static String join(int[] ids) {
    return Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(","));
  }
}
