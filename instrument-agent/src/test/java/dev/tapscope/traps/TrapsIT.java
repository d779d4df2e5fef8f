package dev.tapscope.traps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.CountingAgent;
import dev.tapscope.testing.JUnitMain;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The traps that tools for models fall into, each a test over a woven fixture model that fails
 * without its remedy, run under the packaged agent on 25 and on Maven's Java.
 */
class TrapsIT {
  /** Failures that the tests plant are told, and nothing else is. */
  private static final Set<String> PLANTED = Set.of("hook-failed");

  @TempDir Path folder;

  @BeforeEach
  void writeProfiles() throws IOException {
    for (String name : List.of("busy.taps", "habits.taps")) {
      try (InputStream in = TrapsIT.class.getResourceAsStream(name)) {
        Files.copy(in, folder.resolve(name));
      }
    }
  }

  static Stream<Arguments> traps() {
    return Stream.of(ValueTraps.class, LifeTraps.class, HabitTraps.class)
        .flatMap(tests ->
            Stream.of(ChildJvm.thisJava(), ChildJvm.mavensJava())
                .distinct()
                .map(java -> Arguments.of(tests, java)));
  }

  @ParameterizedTest
  @MethodSource("traps")
  void noneCatches(Class<?> tests, Path java) {
    assertAllOk(tests, child(java).agent("profile=none").run(JUnitMain.class, tests.getName()));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anotherAgentOnTheSameClassDoesNot(boolean first) {
    Path jar =
        ChildJvm.jar(
            folder.resolve("counting.jar"),
            Map.of(
                "Premain-Class", CountingAgent.class.getName(), "Can-Retransform-Classes", "true"),
            Map.of(),
            CountingAgent.class);
    ChildJvm child = child(ChildJvm.thisJava());
    if (first) {
      child.flag("-javaagent:" + jar);
    }
    child.agent("profile=none");
    if (!first) {
      child.flag("-javaagent:" + jar);
    }
    Class<?> tests = OtherAgentTraps.class;
    assertAllOk(tests, child.run(JUnitMain.class, tests.getName()));
  }

  /** The runner does say when a test does not hold. */
  @Test
  void withoutTheAgentEveryTappedTestFails() {
    Result result = child(ChildJvm.thisJava()).run(JUnitMain.class, ValueTraps.class.getName());
    assertTrue(result.out().endsWith("\n0 ok\n"), result.out() + result.err());
    assertTrue(result.out().contains("-javaagent:"), result.out());
  }

  /** More threads than this machine may have cores, so that rows do meet on workers. */
  private ChildJvm child(Path java) {
    return new ChildJvm(java, folder)
        .tests()
        .flag("-Djava.util.concurrent.ForkJoinPool.common.parallelism=4");
  }

  private static void assertAllOk(Class<?> tests, Result result) {
    long all =
        Arrays.stream(tests.getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(Test.class))
            .count();
    assertFalse(all == 0);
    assertEquals(all + " ok\n", result.out(), result::err);
    assertEquals(0, result.exit());
    assertTrue(PLANTED.containsAll(result.ids()), result::err);
  }
}
