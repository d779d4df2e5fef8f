package dev.tapscope.endtoend;

import dev.tapscope.fixtures.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where the build has put what the tests run. */
final class Packaged {
  private Packaged() {}

  static Path model() {
    return jar("gemma2.jar");
  }

  /** Jlama's Gemma 2, with the jars of Jlama in the folder {@code lib} beside it. */
  static Path jlama() {
    return jar("jlama.jar");
  }

  static Path agent() {
    return jar("agent.jar");
  }

  static Path runtime() {
    return jar("runtime.jar");
  }

  /** The script that starts the {@code tapscope} command, where a checkout has it. */
  static Path command() {
    return repository().resolve("sae-runtime/bin/tapscope");
  }

  static Path repository() {
    return property("repository");
  }

  /** The kernels behind a driver on the CPU; there where there is a g++. */
  static Path emulatedDriver() {
    return repository().resolve("cuda-kernels/target/emulation/libcuda.so.1");
  }

  /** The compiled tests, for programs among them. */
  static Path tests() {
    return repository().resolve("samples/end-to-end/target/test-classes");
  }

  static Path script(String name) {
    return property("python.scripts").resolve(name);
  }

  /** The java of this build. */
  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  /** The java that Maven itself runs on: another version than this build's, where there is one. */
  static Path mavenJava() {
    return property("maven.java");
  }

  /** The compiled classes of a module. */
  static Path classes(String module) {
    return repository().resolve(module).resolve("target/classes");
  }

  /** A new folder under the build's target that stays there for a look after the tests. */
  static Path workFolder(String purpose) {
    try {
      Path folder = property("work.folder").toAbsolutePath();
      return Files.createTempDirectory(Files.createDirectories(folder), purpose + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A new folder with the tiny model, whose context is another one there than 1024. */
  static Path tinyGemma2(String purpose, int context) throws IOException {
    Path folder = workFolder(purpose);
    for (String file : List.of("model.safetensors", "tokenizer.model")) {
      Files.copy(Fixtures.tinyGemma2().resolve(file), folder.resolve(file));
    }
    String config = Files.readString(Fixtures.tinyGemma2().resolve("config.json"));
    String key = "\"max_position_embeddings\": ";
    if (!config.contains(key + 1024)) {
      throw new IllegalStateException("No " + key + "1024 in " + config);
    }
    Files.writeString(folder.resolve("config.json"), config.replace(key + 1024, key + context));
    return folder;
  }

  private static Path jar(String property) {
    Path jar = property(property);
    if (!Files.isRegularFile(jar)) {
      throw new IllegalStateException(jar + " is missing: run these tests with mvn verify.");
    }
    return jar;
  }

  private static Path property(String name) {
    String value = System.getProperty(name);
    if (value == null) {
      throw new IllegalStateException(
          "The system property " + name + " is not set: run these tests with mvn verify.");
    }
    return Path.of(value).normalize();
  }
}
