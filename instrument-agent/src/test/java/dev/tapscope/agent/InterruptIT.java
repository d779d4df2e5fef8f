package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.Json;
import dev.tapscope.testing.Shard;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A signal in the middle of a capture: what was computed is there and readable. */
class InterruptIT {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"INT, 130, 2", "TERM, 143, 15"})
  void everyShardIsReadable(String signal, int exit, int number) throws Exception {
    assumeFalse(ignored(number), "this build runs with SIG" + signal + " ignored");
    Path profile = Files.writeString(folder.resolve("tiny.taps"), TinyProfile.text());
    Path out = folder.resolve("run");
    ChildJvm child =
        new ChildJvm(ChildJvm.thisJava(), folder)
            .agent("profile=" + profile + ",capture=res.*,shard.bytes=20000,out=" + out);
    Process process = child.start(targets.TinyModel.class, "forever=true", "threads=2");
    Path third = out.resolve("activations-00002.safetensors");
    while (!Files.exists(third) && process.isAlive()) {
      Thread.sleep(5);
    }
    assertEquals(
        0,
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor());
    Result result = child.await(process);
    assertEquals(exit, result.exit(), result.err());
    assertEquals(List.of(), result.ids(), "an interrupted run is not judged");
    assertTrue(result.err().contains("; interrupted; run folder " + out), result.err());

    Map<String, Object> run = Json.object(Files.readString(out.resolve("run.json")));
    assertEquals("interrupted", run.get("state"));
    assertEquals(true, run.get("interrupted"));
    List<Shard> shards = Shard.readAll(out, "activations");
    assertTrue(shards.size() >= 3, "shards " + shards.size());
    long tokens = 0;
    for (Shard shard : shards) {
      long rows = shard.tensor("tokens").shape().get(0);
      tokens += rows;
      for (int layer = 0; layer < 3; layer++) {
        assertEquals(List.of(rows, 8L), shard.tensor("res." + layer).shape());
        assertEquals(List.of(rows, 3L), shard.tensor("res." + layer + ".rows").shape());
      }
    }
    assertEquals(run.get("positions"), tokens);
    try (var files = Files.list(out)) {
      assertEquals(0, files.filter(f -> f.toString().endsWith(".tmp")).count());
    }
    assertTrue(process.waitFor(1, TimeUnit.SECONDS));
  }

  /** Whether this process, and so its children, ignore a signal, as background jobs do. */
  private static boolean ignored(int signal) throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
        .anyMatch(mask -> (mask >> signal - 1 & 1) == 1);
  }
}
