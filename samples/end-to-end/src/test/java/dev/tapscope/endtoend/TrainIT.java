package dev.tapscope.endtoend;

import static dev.tapscope.endtoend.Trainings.tapscope;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged {@code tapscope train} on activations of the tiny model, and what a kill leaves. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class TrainIT {
  private static Path store;
  private static Trainings trainings;

  /** One training that is left alone; the others must become the same. */
  @BeforeAll
  static void trainUndisturbed() {
    Path folder = Packaged.workFolder("train");
    store = folder.resolve("store");
    List<GoldenPrompt> prompts =
        Stream.of("short", "question", "code", "mid", "long").map(GoldenPrompt::named).toList();
    tapscope("harvest", "--model", Fixtures.tinyGemma2().toString())
        .with("--capture", "res.3", "--out", store.toString())
        .with("--corpus", Captures.jsonLines(prompts).toString())
        .brief()
        .run(Packaged.command())
        .ok();
    Path undisturbed = folder.resolve("undisturbed");
    trainings =
        Trainings.of(
            TrainIT::train,
            undisturbed,
            List.of(
                "checkpoint.safetensors",
                "metrics.jsonl",
                "a/params.npz",
                "b/params.npz",
                "a/stats.safetensors"));
    JvmRun.Finished finished = trainings.finished();
    assertTrue(finished.err().contains("memory: about "), finished::toString);
    assertTrue(finished.err().contains("b  step 400 of 400 "), finished::toString);
    assertTrue(finished.out().contains("is folded into b_enc"), finished::toString);
  }

  /** A checkpoint about every tenth of a second. */
  private static JvmRun train(Path out, String... more) {
    return tapscope("train", "--store", store.toString(), "--out", out.toString())
        .with("--site", "res.3", "--steps", "400", "--batch", "128", "--width", "256")
        .with("--lr", "1e-3", "--bandwidth", "0.03", "--threshold", "0.03")
        .with("--lambda-warmup", "100", "--lr-warmup", "50", "--lr-decay", "0.25")
        .with("--buffer", "300", "--checkpoint-minutes", "0.002", "--log-every", "1")
        .with("--sae", "a: lambda=2e-3", "--sae", "b: lambda=1e-2 width=100 threshold-form=direct")
        .with(more);
  }

  @Test
  void twoKillsLoseNothing() throws IOException, InterruptedException {
    trainings.kill(2, new Random().nextLong());
  }

  @Test
  @Tag("full")
  void twentyKillsLoseNothing() throws IOException, InterruptedException {
    for (int i = 0; i < 20; i++) {
      trainings.kill(1, new Random().nextLong());
    }
  }

  @Test
  void interruptedItKeepsACheckpoint() throws IOException, InterruptedException {
    Path out = Packaged.workFolder("train-interrupted").resolve("out");
    JvmRun.Started started = train(out).start(Packaged.command());
    while (started.process().isAlive() && !Files.exists(out.resolve("checkpoint.safetensors"))) {
      Thread.sleep(20);
    }
    String pid = Long.toString(started.process().pid());
    assertEquals(0, new ProcessBuilder("kill", "-TERM", pid).start().waitFor());
    JvmRun.Finished finished = started.await();
    assertTrue(finished.err().contains("Go on with: tapscope train --resume"), finished::toString);
    assertEquals(143, finished.exit(), finished::toString);
    trainings.resume(out).run(Packaged.command()).ok();
    trainings.assertUndisturbed(out);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "3"})
  void theNumberOfThreadsDoesNotMatter(String threads) throws IOException {
    Path out = Packaged.workFolder("train-threads").resolve("out");
    train(out, "--threads", threads).run(Packaged.command()).ok();
    trainings.assertUndisturbed(out);
  }

  @Test
  void anotherStoreIsRefused() throws IOException {
    Path other = Packaged.workFolder("train-other").resolve("store");
    tapscope("harvest", "--model", Fixtures.tinyGemma2().toString())
        .with("--capture", "res.3", "--out", other.toString())
        .with("--corpus", Captures.jsonLines(List.of(GoldenPrompt.named("mid"))).toString())
        .brief()
        .run(Packaged.command())
        .ok();
    JvmRun.Finished refused =
        trainings
            .resume(trainings.undisturbed())
            .with("--store", other.toString())
            .run(Packaged.command());
    assertEquals(1, refused.exit(), refused::toString);
    assertTrue(refused.err().contains("[place-unknown]"), refused::toString);
    JvmRun.Finished twice = train(trainings.undisturbed()).run(Packaged.command());
    assertTrue(twice.err().contains("[out-exists]"), twice::toString);
  }

  /** The process itself tells its peak, as the system has counted it. */
  @Test
  void theStatedMemoryIsHeld() {
    assertHeld("--width", "1024", "--batch", "1024", "--steps", "20", "--threshold", "0.03");
  }

  @Test
  @Tag("full")
  void theStatedMemoryIsHeldAtOtherSizes() {
    assertHeld("--width", "16384", "--batch", "4096", "--steps", "10");
    assertHeld("--width", "8192", "--batch", "1024", "--steps", "100", "--threshold", "0.03");
  }

  private static void assertHeld(String... sizes) {
    Path out = Packaged.workFolder("train-memory").resolve("out");
    JvmRun.Finished finished =
        tapscope("train", "--store", store.toString(), "--out", out.toString())
            .with("--site", "res.3")
            .with(sizes)
            .run(Packaged.command())
            .ok();
    Matcher told =
        Pattern.compile("memory: stated ([0-9,]+) MiB, peak ([0-9,]+) MiB").matcher(finished.err());
    assumeTrue(OS.LINUX.isCurrentOs(), "other systems do not tell the peak");
    assertTrue(told.find(), finished::toString);
    double stated = Long.parseLong(told.group(1).replace(",", ""));
    double peak = Long.parseLong(told.group(2).replace(",", ""));
    System.out.printf("%s: %s%n", List.of(sizes), told.group());
    assertEquals(stated, peak, stated / 10, finished::toString);
  }

  /** What is trained runs as any SAE does, with statistics that edits count in. */
  @Test
  void theModelRunsWithWhatWasTrained() {
    JvmRun.Finished ran =
        tapscope("run", "--model", Fixtures.tinyGemma2().toString(), "-n", "1")
            .with("--sae", "mine=res.3 " + trainings.undisturbed().resolve("a"))
            .with("--prompt", "The City of Light is Paris.")
            .brief()
            .run(Packaged.command())
            .ok();
    assertTrue(ran.out().contains("mine at res.3"), ran::toString);
    assertTrue(Files.exists(trainings.undisturbed().resolve("a/stats.safetensors")));
  }
}
