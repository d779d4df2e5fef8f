package gemma2.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The program in a JVM of its own, its output in files.
 *
 * @param folder where the output goes
 * @param options of the JVM
 */
record GemmaJvm(Path folder, List<String> options) {

  /** Gives a JVM the Vector API. */
  static final String VECTORS = "--add-modules=jdk.incubator.vector";

  static GemmaJvm inFolder(Path folder, String... options) {
    return new GemmaJvm(folder, List.of(options));
  }

  Outcome run(String... args) throws IOException, InterruptedException {
    return await(start(args));
  }

  Process start(String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", Path.of("target", "classes").toString(), "gemma2.cli.Main"));
    command.addAll(List.of(args));
    return new ProcessBuilder(command)
        .redirectOutput(file("out"))
        .redirectError(file("err"))
        .start();
  }

  Outcome await(Process process) throws IOException, InterruptedException {
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), "it ends");
    return new Outcome(
        process.exitValue(),
        Files.readString(file("out").toPath()),
        Files.readString(file("err").toPath()));
  }

  private File file(String name) {
    return folder.resolve(name).toFile();
  }
}
