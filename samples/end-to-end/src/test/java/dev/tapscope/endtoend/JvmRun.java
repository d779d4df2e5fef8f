package dev.tapscope.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A command in a JVM of its own, described before it is started.
 *
 * @param jvmOptions what stands before {@code -jar}
 * @param arguments the program and its arguments
 * @param environment variables besides those of this process
 */
record JvmRun(List<String> jvmOptions, List<String> arguments, Map<String, String> environment) {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /** What a JVM obeys however it is started, also by a script or by another JVM. */
  private static final String OPTIONS = "JAVA_TOOL_OPTIONS";

  private static final String VECTORS = "--add-modules=jdk.incubator.vector";

  /** G1's threads do a fifth of all work in a JVM that ends within seconds. */
  private static final String SERIAL = "-XX:+UseSerialGC";

  JvmRun {
    jvmOptions = List.copyOf(jvmOptions);
    arguments = List.copyOf(arguments);
    environment = Map.copyOf(environment);
  }

  JvmRun(List<String> jvmOptions, List<String> arguments) {
    this(jvmOptions, arguments, Map.of());
  }

  /** The packaged model, with the Vector API. */
  static JvmRun gemma2(String... arguments) {
    return new JvmRun(List.of(VECTORS, SERIAL), List.of("-jar", Packaged.model().toString()))
        .with(arguments);
  }

  /** The packaged Gemma 2 on Jlama, with the Vector API. */
  static JvmRun jlama(String... arguments) {
    return new JvmRun(List.of(VECTORS, SERIAL), List.of("-jar", Packaged.jlama().toString()))
        .with(arguments);
  }

  /** The packaged {@code tapscope} command. */
  static JvmRun tapscope(String... arguments) {
    return new JvmRun(
            List.of(VECTORS, SERIAL),
            List.of(
                "-cp",
                Packaged.runtime() + System.getProperty("path.separator") + Packaged.agent(),
                "dev.tapscope.cli.Tapscope"))
        .with(arguments);
  }

  /** More arguments at the end. */
  JvmRun with(String... more) {
    return new JvmRun(jvmOptions, joined(arguments, List.of(more)), environment);
  }

  /** The same JVM with other arguments. */
  JvmRun instead(String... others) {
    return new JvmRun(jvmOptions, List.of(others), environment);
  }

  /** More options of the JVM. */
  JvmRun jvm(String... more) {
    return new JvmRun(joined(jvmOptions, List.of(more)), arguments, environment);
  }

  /** The same without the Vector API, so that the program falls back to plain loops. */
  JvmRun plain() {
    return new JvmRun(
        jvmOptions.stream().filter(option -> !option.equals(VECTORS)).toList(),
        arguments,
        environment);
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
    return new JvmRun(joined(jvmOptions, List.of(agent)), arguments, environment);
  }

  /** The same where the emulated driver is the machine's; its settings in its own words. */
  JvmRun onEmulatedGpu(String settings) {
    return environment(
        Map.of(
            "LD_LIBRARY_PATH",
            Packaged.emulatedDriver().getParent().toString(),
            "TAPSCOPE_EMULATOR",
            settings,
            // A real cuBLAS has no use for a driver that is none.
            "TAPSCOPE_CUBLAS",
            "none"));
  }

  /**
   * The same in less than half the work, until some hundred tokens: without the second compiler and
   * G1's threads, in every JVM that is started, and so without vectors in the model, which takes
   * plain loops then. For what is done with numbers, not for how they are computed.
   */
  JvmRun brief() {
    return plain().environment(Map.of(OPTIONS, "-XX:TieredStopAtLevel=1 " + SERIAL));
  }

  private JvmRun environment(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(environment);
    all.putAll(more);
    return new JvmRun(jvmOptions, arguments, all);
  }

  /** Starts the command and waits for its end. */
  Finished run() {
    return run(Packaged.java());
  }

  /** The same on another java. */
  Finished run(Path java) {
    return start(java).await();
  }

  /** Starts the command and does not wait. */
  Started start() {
    return start(Packaged.java());
  }

  /** The same of another program, and without waiting. */
  Started start(Path java) {
    Path folder = Packaged.workFolder("jvm");
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    List<String> command = joined(List.of(java.toString()), joined(jvmOptions, arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().remove(OPTIONS);
    builder.environment().putAll(environment);
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    try {
      return new Started(String.join(" ", command), builder.start(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> joined(List<String> first, List<String> second) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  /** A command under way. */
  record Started(String command, Process process, Path out, Path err) {
    Finished await() {
      return await(PATIENCE);
    }

    Finished await(Duration patience) {
      try {
        boolean ended = process.waitFor(patience.toSeconds(), TimeUnit.SECONDS);
        if (!ended) {
          process.destroyForcibly().waitFor();
        }
        String said = Files.readString(out);
        String reported = Files.readString(err);
        Finished finished = new Finished(command, process.exitValue(), said, reported);
        if (!ended) {
          throw new AssertionError("Not finished after " + patience + ": " + finished);
        }
        return finished;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
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
