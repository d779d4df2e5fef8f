package gemma2.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.RandomModel;
import gemma2.testing.TinyTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts the program in JVMs that have no vectors, or only slow ones. */
class WithoutVectorsTest {

  private static final String[] WITHOUT_SECOND_COMPILER = {
    GemmaJvm.VECTORS, "-XX:TieredStopAtLevel=1"
  };

  @TempDir Path folder;

  @Test
  void withoutTheModuleItRunsOnPlainLoopsAndSaysSoOnce() throws IOException, InterruptedException {
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
  void withoutTheSecondCompilerItRunsOnPlainLoopsUnlessToldOtherwise()
      throws IOException, InterruptedException {
    new RandomModel().write(folder);
    TinyTokenizer.standard().write(folder);
    String[] command = {"generate", "--model", folder.toString(), "--prompt", "ab", "--json"};
    GemmaJvm jvm = GemmaJvm.inFolder(folder, WITHOUT_SECOND_COMPILER);
    Outcome chosen = jvm.run(command);
    assertEquals(0, chosen.code(), chosen.err());
    assertEquals(2, chosen.err().split("without its second compiler", -1).length);
    assertTrue(chosen.out().contains("\"kernels\":\"plain loops\""), chosen.out());
    String[] told =
        Stream.concat(Stream.of(command), Stream.of("--kernels", "vector")).toArray(String[]::new);
    Outcome vectors = jvm.run(told);
    assertEquals(0, vectors.code(), vectors.err());
    assertTrue(vectors.out().contains("\"kernels\":\"Vector API"), vectors.out());
  }

  @Test
  void hasNoCeilingToMeasureAgainst() throws IOException, InterruptedException {
    for (GemmaJvm jvm :
        List.of(GemmaJvm.inFolder(folder), GemmaJvm.inFolder(folder, WITHOUT_SECOND_COMPILER))) {
      Outcome outcome = jvm.run("bench", "--shape", "tiny");
      assertEquals(1, outcome.code());
      assertTrue(outcome.err().contains("[bench-vector]"), outcome.err());
    }
  }
}
