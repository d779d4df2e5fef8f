package dev.tapscope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

/**
 * The tests of this module run twice, on 25 by toolchain and on the Java that runs Maven, which is
 * 17 in the builds that count. This says on which they ran, so that a build that never saw 17 does
 * not look like one that did.
 */
class JavaVersionTest {
  @Test
  void theTestsRunOnTheJavaTheBuildMeans() {
    int meant = Integer.getInteger("tapscope.test.java", Runtime.version().feature());
    int running = Runtime.version().feature();
    System.out.println("Tapscope agent tests run on Java " + running + ", meant is " + meant + ".");
    assumeTrue(
        meant != 17 || running == 17,
        "Maven itself runs on Java " + running + ": the agent's tests did NOT run on 17.");
    assertEquals(meant, running);
  }
}
