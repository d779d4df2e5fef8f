package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An agent that changes nothing changes no bit: what the sample computes and prints under it is
 * what it computes and prints alone. The prompt is repeated fifty times in one JVM, so that the
 * interpreter and both compilers have had their turn.
 */
class BitIdentityIT {
  private static final int REPETITIONS = 50;
  private static final int STEPS = 12;
  private static final GoldenPrompt PROMPT = GoldenPrompt.named("question");
  private static final Path PROMPTS = Captures.jsonLines(Collections.nCopies(REPETITIONS, PROMPT));
  private static final Map<JvmRun, String> ALONE = new HashMap<>();

  /** Ways to be attached without an effect. */
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
  void everyLogitKeepsEveryBit(String name, List<String> options) {
    String classPath = Packaged.model() + System.getProperty("path.separator") + Packaged.tests();
    JvmRun command =
        new JvmRun(
            List.of("--add-modules=jdk.incubator.vector"),
            List.of(
                "-cp",
                classPath,
                LogitBits.class.getName(),
                Fixtures.tinyGemma2().toString(),
                Captures.join(PROMPT.ids()),
                Integer.toString(STEPS),
                Integer.toString(REPETITIONS)));
    List<String> hashes = sameUnderTheAgent(command, options).lines().toList();
    assertEquals(REPETITIONS, hashes.size());
    assertEquals(1, hashes.stream().distinct().count(), hashes::toString);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("agents")
  void continuationsAreTheSame(String name, List<String> options) {
    JvmRun command =
        JvmRun.gemma2("generate", "--model", Fixtures.tinyGemma2().toString(), "--seed", "1")
            .with("--prompts", PROMPTS.toString(), "-n", Integer.toString(STEPS))
            .with("--ignore-eos", "--json");
    List<Generation> results = Generation.parseAll(sameUnderTheAgent(command, options));
    assertEquals(REPETITIONS, results.size());
    int[] golden = Arrays.copyOf(PROMPT.arrays().array("greedy_ids").ints(), STEPS);
    results.forEach(result -> assertEquals(Captures.join(golden), join(result)));
    assertEquals(1, results.stream().map(Generation::logProbabilities).distinct().count());
  }

  /** What the command prints, which must be the same without and with the agent. */
  private static String sameUnderTheAgent(JvmRun command, List<String> options) {
    String alone = ALONE.computeIfAbsent(command, c -> c.run().ok().out());
    List<String> all = new ArrayList<>(options);
    all.add("profile=gemma2");
    all.add("out=" + Packaged.workFolder("bits").resolve("run"));
    assertEquals(alone, command.agent(all.toArray(String[]::new)).run().ok().out());
    return alone;
  }

  private static String join(Generation result) {
    return Captures.join(result.generatedIds());
  }
}
