package dev.tapscope.endtoend;

import static dev.tapscope.endtoend.Trainings.tapscope;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.SafetensorsFile;
import dev.tapscope.live.LivePass;
import dev.tapscope.live.PassInput;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The packaged {@code tapscope train} on rows of the tiny model that no disk ever holds. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class LiveTrainIT {
  private static final List<String> SITES = List.of("mlp.5", "res.3", "transcoder_in.5");
  private static final int BOS = 2;
  private static final int EOS = 1;

  private static Path corpus;
  private static Trainings trainings;

  /** One training that is left alone; the others must become the same. */
  @BeforeAll
  static void trainUndisturbed() {
    corpus =
        Captures.jsonLines(
            Stream.of("short", "question", "code", "mid", "short", "short", "question")
                .map(GoldenPrompt::named)
                .toList());
    Path undisturbed = Packaged.workFolder("live").resolve("undisturbed");
    trainings =
        Trainings.of(
            LiveTrainIT::train,
            undisturbed,
            List.of("checkpoint.safetensors", "metrics.jsonl", "a/params.npz", "b/params.npz"));
    JvmRun.Finished finished = trainings.finished();
    assertTrue(finished.err().contains("memory: about "), finished::toString);
    assertTrue(
        finished.err().contains("scale and mean are taken from the first buffer"),
        finished::toString);
    assertTrue(finished.err().contains("b  step 25 of 25 "), finished::toString);
  }

  /** Two sites and three SAEs, several epochs, a buffer that ends within pieces and batches. */
  private static JvmRun train(Path out) {
    return tapscope("train", "--model", Fixtures.tinyGemma2().toString())
        .with("--corpus", corpus.toString(), "--documents-per-piece", "4")
        .with("--out", out.toString(), "--steps", "25", "--batch", "16", "--width", "128")
        .with("--lr", "1e-3", "--bandwidth", "0.03", "--threshold", "0.03")
        .with("--lambda-warmup", "20", "--lr-warmup", "10", "--lr-decay", "0.25")
        .with("--buffer", "60", "--checkpoint-minutes", "0.002", "--log-every", "1")
        .with("--sae", "a: site=res.3 lambda=2e-3 bias=mean")
        .with("--sae", "wide: site=res.3 lambda=2e-3 width=256")
        .with("--sae", "b: site=transcoder_in.5>mlp.5 lambda=1e-2")
        .brief();
  }

  /** What comes through the socket, before it is shuffled, against what a harvest stores. */
  @Test
  void rowsArriveAsTheyAreHarvested() throws IOException {
    Path store = Packaged.workFolder("live-store").resolve("store");
    tapscope("harvest", "--model", Fixtures.tinyGemma2().toString(), "--capture")
        .with(String.join("+", SITES), "--corpus", corpus.toString(), "--out", store.toString())
        .brief()
        .run(Packaged.command())
        .ok();
    SafetensorsFile stored = SafetensorsFile.read(store.resolve("piece-00000.safetensors"));
    int row = 0;
    for (LivePass pass : passes()) {
      for (int i = 0; i < pass.tokens().length; i++) {
        int id = pass.tokens()[i];
        if (id == BOS || id == EOS) {
          continue;
        }
        assertEquals(stored.tensor("ids").ints()[row], id);
        assertEquals(stored.tensor("rows").at(row, 0), pass.sequence());
        assertEquals(stored.tensor("rows").at(row, 1), pass.start() + i);
        for (String site : SITES) {
          int width = pass.width(site);
          int at = i * width;
          float[] live = pass.rows().get(site);
          double[] wanted = stored.tensor(site).row(row);
          assertArrayEquals(
              wanted, IntStream.range(at, at + width).mapToDouble(k -> live[k]).toArray());
        }
        row++;
      }
    }
    assertEquals(stored.tensor("ids").size(), row);
  }

  private static List<LivePass> passes() throws IOException {
    Path socket = Files.createTempDirectory("live-").resolve("passes");
    List<LivePass> passes = new ArrayList<>();
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      JvmRun.Started started =
          JvmRun.gemma2("score", "--model", Fixtures.tinyGemma2().toString())
              .with("--prompts", corpus.toString(), "--json")
              .agent(
                  "profile=gemma2",
                  "stream=" + String.join("+", SITES),
                  "stream.to=" + socket,
                  "runtime=" + Packaged.runtime())
              .brief()
              .start();
      PassInput input = new PassInput(Channels.newInputStream(server.accept()));
      for (Optional<LivePass> pass = input.next(); pass.isPresent(); pass = input.next()) {
        passes.add(pass.get());
      }
      started.await().ok();
    }
    return passes;
  }

  /** Training from a store is killed in every build (TrainIT), and this one is interrupted. */
  @Test
  @Tag("full")
  void twentyKillsLoseNothing() throws IOException, InterruptedException {
    for (int i = 0; i < 20; i++) {
      trainings.kill(1, new Random().nextLong());
    }
  }

  @Test
  void interruptedItKeepsACheckpointAndLeavesNoModel() throws IOException, InterruptedException {
    Path out = Packaged.workFolder("live-interrupted").resolve("out");
    JvmRun.Started started = train(out).start(Packaged.command());
    Path metrics = out.resolve("metrics.jsonl");
    while (started.process().isAlive()
        && !(Files.exists(out.resolve("checkpoint.safetensors")) && Files.exists(metrics))) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    List<ProcessHandle> models = started.process().descendants().toList();
    String pid = Long.toString(started.process().pid());
    long began = System.nanoTime();
    assertEquals(0, new ProcessBuilder("kill", "-TERM", pid).start().waitFor());
    JvmRun.Finished finished = started.await();
    System.out.println(
        "an interrupted live training ended after "
            + Duration.ofNanos(System.nanoTime() - began).toMillis()
            + " ms");
    assertTrue(finished.err().contains("Go on with: tapscope train --resume"), finished::toString);
    assertEquals(143, finished.exit(), finished::toString);
    for (ProcessHandle model : models) {
      assertFalse(model.isAlive(), () -> "left behind: " + model.info());
    }
    trainings.resume(out).run(Packaged.command()).ok();
    trainings.assertUndisturbed(out);
  }

  /** The model dies, and what has been trained by then is kept. */
  @Test
  void aModelThatIsKilledIsSaidAndCostsNothing() throws IOException, InterruptedException {
    Path out = Packaged.workFolder("live-orphaned").resolve("out");
    JvmRun.Started started = train(out).start(Packaged.command());
    Path checkpoint = out.resolve("checkpoint.safetensors");
    while (started.process().isAlive()) {
      if (Files.exists(checkpoint)) {
        started.process().children().forEach(ProcessHandle::destroyForcibly);
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
    JvmRun.Finished finished = started.await();
    assertEquals(1, finished.exit(), finished::toString);
    assertTrue(finished.err().contains("[model-stopped] Piece "), finished::toString);
    assertTrue(finished.err().contains("steps are kept. Go on with"), finished::toString);
    trainings.resume(out).run(Packaged.command()).ok();
    trainings.assertUndisturbed(out);
  }

  @Test
  void whatCannotBeTrainedOnIsSaid() throws IOException {
    Path out = Packaged.workFolder("live-refused").resolve("out");
    JvmRun.Finished alias =
        train(out).with("--sae", "c: site=FINAL_RESIDUAL.3").run(Packaged.command());
    assertEquals(1, alias.exit(), alias::toString);
    assertTrue(alias.err().contains("[site-missing]"), alias::toString);
    JvmRun.Finished unknown = train(out).with("--sae", "c: site=rez.3").run(Packaged.command());
    assertEquals(3, unknown.exit(), unknown::toString);
    assertTrue(unknown.err().contains("[model-stopped]"), unknown::toString);
    assertTrue(unknown.err().contains("[site-unknown]"), unknown::toString);
    assertTrue(Files.notExists(out), "nothing was trained");
  }

  @Test
  void anotherCorpusIsRefused() throws IOException {
    Path folder = Packaged.workFolder("live-other");
    Path own = Files.copy(corpus, folder.resolve("corpus.jsonl"));
    Path out = folder.resolve("out");
    tapscope("train", "--model", Fixtures.tinyGemma2().toString(), "--corpus", own.toString())
        .with("--site", "res.3", "--width", "16", "--steps", "1", "--batch", "10")
        .with("--lambda-warmup", "0", "--buffer", "10", "--out", out.toString())
        .run(Packaged.command())
        .ok();
    Files.writeString(own, Files.readString(own) + "{\"text\": \"One more.\"}\n");
    JvmRun.Finished refused = trainings.resume(out).run(Packaged.command());
    assertEquals(1, refused.exit(), refused::toString);
    assertTrue(refused.err().contains("[live-other]"), refused::toString);
    assertTrue(refused.err().contains("corpus is "), refused::toString);
    JvmRun.Finished twice =
        trainings.resume(out).with("--corpus", own.toString()).run(Packaged.command());
    assertTrue(twice.err().contains("[resume-alone]"), twice::toString);
  }
}
