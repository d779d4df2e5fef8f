package dev.tapscope.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.JUnitMain;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user's JUnit tests with {@link Tapped}, in JVMs with and without the packaged agent. */
class TappedIT {
  private static final String NEVER =
      """

      tap never
        in     targets.TinyModel.neverCalled
        at     entry
        value  arg 0
        layer  0
      """;

  private static final String OTHER =
      """
      profile other
      tap tokens
        in     targets.TinyModel.forward(int[], int, Cache)
        at     entry
        value  arg 0
        pos    arg 1
        cache  arg 2
      tap block_out
        in     targets.TinyModel$Block.forward
        at     exit
        value  return
        layer  this.layer
      """;

  @TempDir Path folder;

  @BeforeEach
  void writeProfiles() throws IOException {
    Files.writeString(folder.resolve("tiny.taps"), TinyProfile.text() + NEVER);
    Files.writeString(folder.resolve("other.taps"), OTHER);
  }

  private Result run(Path java, Class<?> tests, String... agent) {
    ChildJvm child = new ChildJvm(java, folder).brief().tests();
    List.of(agent).forEach(child::agent);
    return child.run(JUnitMain.class, tests.getName());
  }

  @Test
  void whatHoldsPassesOn25() {
    Result result = run(ChildJvm.thisJava(), TappedFixtures.Good.class, "profile=none");
    assertEquals("5 ok\n", result.out(), result.err());
  }

  @Test
  void whatHoldsPassesOnMavensJava() {
    Result result = run(ChildJvm.mavensJava(), TappedFixtures.Good.class, "profile=none");
    assertEquals("5 ok\n", result.out(), result.err());
  }

  @Test
  void whatHoldsPassesWhereTheProfileIsThatOfTheJvm() {
    Result result = run(ChildJvm.thisJava(), TappedFixtures.Good.class, "profile=tiny.taps");
    assertEquals("5 ok\n", result.out(), result.err());
  }

  @Test
  void anAnnotationIsForTheClassesWithin() {
    Result result = run(ChildJvm.thisJava(), TappedFixtures.Outer.class, "profile=none");
    assertEquals("2 ok\n", result.out(), result.err());
  }

  @Test
  void whatDoesNotHoldFailsWithItsReason() {
    Result result = run(ChildJvm.thisJava(), TappedFixtures.Bad.class, "profile=none");
    assertTrue(result.out().endsWith("0 ok\n"), result.out() + result.err());
    assertFailed(result, "aSiteThatNeverFires() ", "Site never.0 was asked for and never fired");
    assertFailed(result, "aModelThatNeverRuns() ", "was never");
    assertFailed(result, "oneFireTooMany() ", "res.0 fired 2 times, and 1 were wanted");
    assertFailed(result, "aFailureNobodyLookedAt(Run) ", "A hook at res.0 failed 1 time");
    assertFailed(result, "aProfileOfTheSameClassesWhileARunIsOpen(Run) ", "profile-overlap");
  }

  private static void assertFailed(Result result, String test, String reason) {
    assertTrue(
        result.out().lines().anyMatch(line -> line.startsWith(test) && line.contains(reason)),
        test + reason + "\n" + result.out());
  }

  @Test
  void profilesOfTheSameClassesTakeTurns() {
    Result result = run(ChildJvm.thisJava(), TappedFixtures.Changing.class, "profile=none");
    assertEquals("3 ok\n", result.out(), result.err());
  }

  @Test
  void withoutTheAgentATestFailsWithTheLineToPutIntoTheBuild() {
    Result result = run(ChildJvm.thisJava(), TappedFixtures.Good.class);
    assertTrue(result.out().endsWith("0 ok\n"), result.out());
    assertFailed(
        result,
        "sitesFire(Run) ",
        "<argLine>-javaagent:" + ChildJvm.agentJar() + "=profile=none</argLine>");
  }
}
