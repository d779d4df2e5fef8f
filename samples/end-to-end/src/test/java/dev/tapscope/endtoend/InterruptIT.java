package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Ctrl-C in the middle of a capture. */
class InterruptIT {
  private static final GoldenPrompt PROMPT = GoldenPrompt.named("long");
  private static final int SIGINT = 2;

  @Test
  void everyClosedShardStaysReadable() throws IOException, InterruptedException {
    assumeFalse(
        interruptsAreIgnored(), "this build runs with SIGINT ignored, as behind nohup ... &");
    Path folder = Packaged.workFolder("interrupted").resolve("run");
    Path prompts = Captures.jsonLines(Collections.nCopies(2000, PROMPT));
    JvmRun.Started started =
        JvmRun.gemma2("score", "--model", Fixtures.tinyGemma2().toString(), "--json")
            .with("--prompts", prompts.toString())
            .agent("profile=gemma2", "capture=res.*", "shard.bytes=2000000", "out=" + folder)
            .start();
    Path third = folder.resolve("activations-00002.safetensors");
    while (started.process().isAlive() && !Files.exists(third)) {
      Thread.sleep(50);
    }
    String pid = Long.toString(started.process().pid());
    assertEquals(0, new ProcessBuilder("kill", "-INT", pid).start().waitFor());
    JvmRun.Finished finished = started.await();
    assertEquals(130, finished.exit(), finished::toString);
    assertTrue(Files.exists(third), finished::toString);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        SafetensorsFile shard = SafetensorsFile.read(file);
        assertEquals("tapscope-run/1", shard.metadata().get("format"));
        assertEquals(shard.tensor("res.5").rows(), shard.tensor("res.5.rows").rows());
      }
    }
    CapturedRun run = CapturedRun.read(folder);
    Difference difference =
        Difference.between(run.rows("res.5", 0, PROMPT.positions()), PROMPT.sites().get("res.5"));
    assertTrue(difference.within(1e-5), difference::toString);
    assertEquals("interrupted", run.description().required("state").stringValue());
  }

  /** What this process ignores, the ones it starts ignore, too. */
  private static boolean interruptsAreIgnored() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
        .anyMatch(mask -> (mask >> SIGINT - 1 & 1) == 1);
  }
}
