package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Runs a model's own command with the agent attached. The agent reaches the JVM through {@code
 * JAVA_TOOL_OPTIONS}, so the command may be a script that starts Java somewhere inside.
 */
final class TappedProcess {
  private static final String VARIABLE = "JAVA_TOOL_OPTIONS";

  /** Lines a JVM prints because of the options we gave it. */
  private static final List<String> OUR_DOING =
      List.of(
          "Picked up " + VARIABLE,
          "WARNING: Using incubator modules: jdk.incubator.vector",
          "OpenJDK 64-Bit Server VM warning: Sharing is only supported for boot loader classes");

  private static final long CLOSING_SECONDS = 20;

  private final Places places;
  private final Screen screen;

  TappedProcess(Places places, Screen screen) {
    this.places = places;
    this.screen = screen;
  }

  /**
   * What came of a command.
   *
   * @param exit its exit code
   * @param output its standard output
   */
  record Outcome(int exit, String output) {}

  /**
   * Runs the command to its end; its standard input is ours, its standard error goes to ours.
   *
   * @param echo where its standard output goes while it runs
   * @throws TapscopeException {@code command-failed} when it ends with another code than 0; the
   *     agent's codes 1, 2 and 3 are handed on
   */
  Outcome run(List<String> command, AgentOptions options, OutputStream echo) {
    return run(command, options, echo, started -> {});
  }

  /** The same for one who may end the command before it ends by itself. */
  Outcome run(
      List<String> command,
      AgentOptions options,
      OutputStream echo,
      Consumer<ProcessHandle> started) {
    Path agent = Places.require(places.agent(), "agent jar", "instrument-agent");
    if (options.values().containsKey("profile") && Files.isRegularFile(places.runtime())) {
      options.set("runtime", places.runtime().toString());
    }
    try {
      try (RunPlace place = RunPlace.temporary()) {
        Path file = place.folder().resolveSibling("agent.properties");
        options.writeTo(file);
        Process process = start(command, agent, file);
        started.accept(process.toHandle());
        return finished(command, process, echo);
      }
    } catch (IOException | UncheckedIOException e) {
      throw TapscopeException.failed(
          "command-unstartable",
          "The command "
              + String.join(" ", command)
              + " could not be started: "
              + e.getMessage()
              + ". Check that the program exists and can be executed.",
          e);
    }
  }

  private Process start(List<String> command, Path agent, Path options) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectInput(ProcessBuilder.Redirect.INHERIT);
    String own = builder.environment().getOrDefault(VARIABLE, "");
    String ours =
        "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED "
            + quoted("-javaagent:" + agent + "=@" + options);
    builder.environment().put(VARIABLE, own.isEmpty() ? ours : own + " " + ours);
    return builder.start();
  }

  /** The JVM splits the variable at spaces, but not inside quotes; it knows no escapes. */
  private static String quoted(String option) {
    if (option.indexOf('"') < 0) {
      return '"' + option + '"';
    }
    if (option.indexOf('\'') < 0) {
      return '\'' + option + '\'';
    }
    throw TapscopeException.failed(
        "path-quotes",
        "The path in "
            + option
            + " holds both kinds of quotes, which "
            + VARIABLE
            + " cannot carry. Move the files to a folder without them.");
  }

  private Outcome finished(List<String> command, Process process, OutputStream echo)
      throws IOException {
    Runnable closing = () -> close(process);
    Ending.add(closing);
    Thread errors = Thread.ofVirtual().start(() -> passErrors(process.getErrorStream()));
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    try (InputStream output = process.getInputStream()) {
      byte[] buffer = new byte[4096];
      for (int n = output.read(buffer); n >= 0; n = output.read(buffer)) {
        kept.write(buffer, 0, n);
        echo.write(buffer, 0, n);
        echo.flush();
      }
      errors.join();
      int exit = process.waitFor();
      if (!Ending.remove(closing)) {
        Ending.await();
      }
      if (exit != 0) {
        throw ended(command, exit);
      }
      return new Outcome(exit, kept.toString(StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /**
   * Ends a model when we are ended, and lets it close its run folder. Its streams stay open, for
   * what it says while it ends.
   */
  private static void close(Process process) {
    process.toHandle().destroy();
    try {
      if (!process.waitFor(CLOSING_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
    }
  }

  private void passErrors(InputStream stream) {
    PrintStream to = screen.err();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (OUR_DOING.stream().noneMatch(line::startsWith)) {
          to.println(line);
        }
      }
    } catch (IOException e) {
      to.println("tapscope: the model's error output could not be read: " + e.getMessage());
    }
  }

  private static TapscopeException ended(List<String> command, int exit) {
    String sentence =
        "The model's command ended with exit code "
            + exit
            + "; what it printed above says why. The command was: "
            + String.join(" ", command);
    return failure(exit, "command-failed", sentence);
  }

  /** A failure with an exit code of the agent's, or that of a failure where it is another. */
  static TapscopeException failure(int exit, String id, String sentence) {
    return switch (exit) {
      case TapscopeException.USAGE -> TapscopeException.usage(id, sentence);
      case TapscopeException.CHECK -> TapscopeException.check(id, sentence);
      default -> TapscopeException.failed(id, sentence);
    };
  }
}
