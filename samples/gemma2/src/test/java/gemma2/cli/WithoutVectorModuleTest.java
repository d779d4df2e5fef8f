package gemma2.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.RandomModel;
import gemma2.testing.TinyTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts the program in a JVM of its own. */
class WithoutVectorModuleTest {

  @TempDir Path folder;

  @Test
  void runsOnPlainLoopsAndSaysSoOnce() throws IOException, InterruptedException {
    new RandomModel().write(folder);
    TinyTokenizer.standard().write(folder);
    Outcome outcome =
        GemmaJvm.inFolder(folder)
            .run("generate", "--model", folder.toString(), "--prompt", "ab", "-n", "4", "--json");
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals(2, outcome.err().split("The Vector API is not available", -1).length);
    assertTrue(outcome.out().contains("\"kernels\":\"plain loops\""), outcome.out());
  }

  @Test
  void hasNoCeilingToMeasureAgainst() throws IOException, InterruptedException {
    Outcome outcome = GemmaJvm.inFolder(folder).run("bench", "--shape", "tiny");
    assertEquals(1, outcome.code());
    assertTrue(outcome.err().contains("[bench-vector]"), outcome.err());
  }
}
