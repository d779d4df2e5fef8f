package dev.tapscope.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A command in a JVM of its own, described before it is started.
 *
 * @param jvmOptions what stands before {@code -jar}
 * @param arguments the program and its arguments
 */
record JvmRun(List<String> jvmOptions, List<String> arguments) {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  JvmRun {
    jvmOptions = List.copyOf(jvmOptions);
    arguments = List.copyOf(arguments);
  }

  /** The packaged model, with the Vector API. */
  static JvmRun gemma2(String... arguments) {
    return new JvmRun(
            List.of("--add-modules=jdk.incubator.vector"),
            List.of("-jar", Packaged.model().toString()))
        .with(arguments);
  }

  /** The packaged {@code tapscope} command. */
  static JvmRun tapscope(String... arguments) {
    return new JvmRun(
            List.of("--add-modules=jdk.incubator.vector"),
            List.of(
                "-cp",
                Packaged.runtime() + System.getProperty("path.separator") + Packaged.agent(),
                "dev.tapscope.cli.Tapscope"))
        .with(arguments);
  }

  /** More arguments at the end. */
  JvmRun with(String... more) {
    return new JvmRun(jvmOptions, joined(arguments, List.of(more)));
  }

  /** The same without the Vector API, so that the program falls back to plain loops. */
  JvmRun plain() {
    return new JvmRun(
        jvmOptions.stream().filter(option -> !option.contains("vector")).toList(), arguments);
  }

  /**
   * The same under the packaged agent; each option is {@code key=value}. The build leaves the
   * runtime in a folder of its own, so an option that needs it is told where.
   */
  JvmRun agent(String... options) {
    List<String> all = new ArrayList<>(List.of(options));
    if (all.stream().anyMatch(option -> option.matches("(?s)(sae|edit)\\..*"))) {
      all.add("runtime=" + Packaged.runtime());
    }
    String agent = "-javaagent:" + Packaged.agent() + "=" + String.join(",", all);
    return new JvmRun(joined(jvmOptions, List.of(agent)), arguments);
  }

  /** Starts the command and waits for its end. */
  Finished run() {
    return run(Packaged.java());
  }

  /** The same on another java. */
  Finished run(Path java) {
    Path folder = Packaged.workFolder("jvm");
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    List<String> command = joined(List.of(java.toString()), joined(jvmOptions, arguments));
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().remove("JAVA_TOOL_OPTIONS");
      Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(
            "Not finished after %s: %s%n%s".formatted(PATIENCE, command, Files.readString(err)));
      }
      return new Finished(
          String.join(" ", command),
          process.exitValue(),
          Files.readString(out),
          Files.readString(err));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static List<String> joined(List<String> first, List<String> second) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  /** What a command left behind. */
  record Finished(String command, int exit, String out, String err) {
    /** The same, if the command ended well. */
    Finished ok() {
      if (exit != 0) {
        throw new AssertionError("Exit code %d.%n%s".formatted(exit, this));
      }
      return this;
    }

    @Override
    public String toString() {
      return "$ %s%n-- stdout%n%s%n-- stderr%n%s".formatted(command, out, err);
    }
  }
}
