package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A researcher's notebook reads our run folders with NumPy alone and finds the golden values. */
class NumpyCheckersIT {
  @BeforeAll
  static void findNumpy() throws IOException, InterruptedException {
    boolean found;
    try {
      found = python(List.of("-c", "import numpy")).exit == 0;
    } catch (IOException e) {
      System.out.println("No python3 could be started: " + e.getMessage());
      found = false;
    }
    if (!found) {
      System.out.println("SKIPPED: the NumPy checkers need python3 with numpy on the PATH.");
    }
    assumeTrue(found, "python3 with numpy is not installed");
  }

  static Stream<GoldenPrompt> prompts() {
    return GoldenPrompt.all();
  }

  static Stream<Arguments> promptsAndSites() {
    return prompts().flatMap(p -> Stream.of("res", "att", "mlp").map(s -> Arguments.of(p, s)));
  }

  @ParameterizedTest
  @MethodSource("prompts")
  void parityAcceptsTheRunFolder(GoldenPrompt prompt) throws IOException, InterruptedException {
    Path golden = Fixtures.tinyGemma2().resolve("golden");
    accept(
        "parity.py",
        Captures.golden(prompt).folder(),
        golden.resolve(prompt + ".npz"),
        "1e-5",
        Fixtures.tinyGemma2().resolve("config.json"));
  }

  @ParameterizedTest
  @MethodSource("promptsAndSites")
  void saeParityAcceptsTheRunFolder(GoldenPrompt prompt, String site)
      throws IOException, InterruptedException {
    Path golden = Fixtures.tinyGemma2().resolve("sae/golden");
    accept(
        "sae_parity.py",
        GoldenSaes.run(prompt).folder(),
        golden.resolve(prompt + ".npz"),
        site,
        site);
  }

  private static void accept(String script, Object... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Packaged.script(script).toString()));
    Stream.of(arguments).map(Object::toString).forEach(command::add);
    Answer answer = python(command);
    System.out.print(script + " " + arguments[1] + ": " + answer.text);
    assertEquals(0, answer.exit, answer.text);
  }

  private record Answer(int exit, String text) {}

  private static Answer python(List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("python3"));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Answer(process.waitFor(), text);
  }
}
