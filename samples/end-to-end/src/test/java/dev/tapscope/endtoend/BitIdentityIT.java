package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An agent that changes nothing changes no bit: what the sample prints under it is what it prints
 * alone. The prompt is repeated fifty times in one JVM, so that the interpreter and both compilers
 * have had their turn.
 */
class BitIdentityIT {
  private static final int REPETITIONS = 50;
  private static final GoldenPrompt PROMPT = GoldenPrompt.named("question");
  private static final Path PROMPTS = prompts();

  /** Ways to be attached without an effect; the run folder is added by the test. */
  static Stream<Arguments> agents() {
    String sae = "sae.l9=res.3 " + Fixtures.resSae();
    return Stream.of(
        Arguments.of("no tap", List.of()),
        Arguments.of("every site captured", List.of("capture=" + Sites.all())),
        Arguments.of("steer 0", List.of(sae, "edit.1=steer l9/76 0 @all+bos")),
        Arguments.of("splice with error", List.of(sae, "edit.1=splice l9 error @all+bos")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("agents")
  void continuationsAndTheirLogitsKeepEveryBit(String name, List<String> options) {
    JvmRun command =
        JvmRun.gemma2("generate", "--model", Fixtures.tinyGemma2().toString(), "--json")
            .with("--prompts", PROMPTS.toString(), "-n", "12", "--ignore-eos", "--all-logits");
    assertSameOutput(command, options);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("agents")
  void lossesKeepEveryBit(String name, List<String> options) {
    JvmRun command =
        JvmRun.gemma2("score", "--model", Fixtures.tinyGemma2().toString(), "--json")
            .with("--prompts", PROMPTS.toString());
    assertSameOutput(command, options);
  }

  private static void assertSameOutput(JvmRun command, List<String> options) {
    List<String> all = new ArrayList<>(options);
    all.add("profile=gemma2");
    all.add("out=" + Packaged.workFolder("bits").resolve("run"));
    String alone = command.run().ok().out();
    String attached = command.agent(all.toArray(String[]::new)).run().ok().out();
    assertEquals(alone, attached);
    assertTrue(alone.lines().count() >= REPETITIONS, alone);
    // The repetitions agree with each other too, so the JIT changes nothing.
    List<String> lines =
        alone.lines().map(line -> line.replaceFirst("\"id\": *\"?\\d+\"?", "")).toList();
    assertEquals(1, lines.stream().distinct().count(), () -> String.join("\n", lines));
  }

  private static Path prompts() {
    String ids = Captures.join(PROMPT.ids());
    String lines =
        IntStream.range(0, REPETITIONS)
            .mapToObj(i -> "{\"id\": \"%d\", \"ids\": [%s]}%n".formatted(i, ids))
            .collect(Collectors.joining());
    try {
      return Files.writeString(Packaged.workFolder("prompts").resolve("prompts.jsonl"), lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
