package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The packaged {@code tapscope harvest} on the tiny model, and what a kill leaves of it. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class HarvestIT {
  /** In three pieces, the last the largest: larger than the eight documents that are tried. */
  private static final List<GoldenPrompt> PROMPTS =
      Stream.of(
              "short",
              "short",
              "short",
              "short",
              "question",
              "code",
              "mid",
              "short",
              "long",
              "question")
          .map(GoldenPrompt::named)
          .toList();

  private static final int PIECE = 4;
  private static final int BOS = 2;
  private static final int EOS = 1;

  private static Path corpus;
  private static Path undisturbed;
  private static long milliseconds;

  /** One harvest that is left alone; the others must become the same. */
  @BeforeAll
  static void harvestUndisturbed() {
    corpus = Captures.jsonLines(PROMPTS);
    undisturbed = Packaged.workFolder("harvest").resolve("store");
    long began = System.nanoTime();
    JvmRun.Finished finished = harvest(undisturbed).run(Packaged.command()).ok();
    milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    assertTrue(finished.out().contains(" positions/s"), finished::toString);
    assertTrue(finished.err().contains(" are free"), finished::toString);
    System.out.println(finished.out());
  }

  private static JvmRun harvest(Path store, String... more) {
    return tapscope("harvest", "--model", Fixtures.tinyGemma2().toString())
        .with("--capture", "res.3+transcoder_in.5+mlp.5", "--documents-per-piece", "" + PIECE)
        .with("--corpus", corpus.toString(), "--out", store.toString())
        .with(more)
        .brief();
  }

  private static JvmRun tapscope(String... arguments) {
    return new JvmRun(List.of(), List.of(arguments));
  }

  /** Every file of a store, byte by byte; the lock is nobody's content. */
  private static Map<String, String> files(Path store) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(store)) {
      for (Path file : all.filter(f -> !f.endsWith(".lock")).toList()) {
        files.put(
            file.getFileName().toString(), HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return files;
  }

  private static void assertUndisturbed(Path store) throws IOException {
    assertEquals(files(undisturbed).keySet(), files(store).keySet());
    assertTrue(files(undisturbed).equals(files(store)), () -> store + " has other bytes");
  }

  /** Against the reference activations: every token but BOS and EOS, in order. */
  @Test
  void storesTheActivationsOfTheCorpus() throws IOException {
    int document = 0;
    for (String piece : List.of("piece-00000", "piece-00001", "piece-00002")) {
      SafetensorsFile file = SafetensorsFile.read(undisturbed.resolve(piece + ".safetensors"));
      int row = 0;
      for (int in = 0; in < PIECE && document < PROMPTS.size(); in++, document++) {
        GoldenPrompt prompt = PROMPTS.get(document);
        int[] kept =
            IntStream.range(0, prompt.ids().length)
                .filter(p -> prompt.ids()[p] != BOS && prompt.ids()[p] != EOS)
                .toArray();
        int[] here = IntStream.range(row, row + kept.length).toArray();
        row += kept.length;
        assertEquals(
            Arrays.stream(kept).mapToObj(p -> prompt.ids()[p]).toList(),
            Arrays.stream(here).mapToObj(i -> file.tensor("ids").ints()[i]).toList());
        for (int i = 0; i < kept.length; i++) {
          assertEquals(document, file.tensor("rows").at(here[i], 0));
          assertEquals(kept[i], file.tensor("rows").at(here[i], 1));
        }
        int[] golden = // the reference has the sites at some positions of a long prompt
            IntStream.range(0, prompt.positions().length)
                .filter(g -> Arrays.binarySearch(kept, prompt.positions()[g]) >= 0)
                .toArray();
        int[] stored =
            Arrays.stream(golden)
                .map(g -> here[Arrays.binarySearch(kept, prompt.positions()[g])])
                .toArray();
        assertTrue(stored.length > 0, prompt::toString);
        for (String site : List.of("res.3", "transcoder_in.5", "mlp.5")) {
          Difference difference =
              Difference.between(
                  file.tensor(site).select(stored), prompt.sites().get(site).select(golden));
          assertTrue(difference.within(1e-5), () -> prompt + " " + site + " " + difference);
        }
      }
      assertEquals(row, file.tensor("ids").size());
    }
    assertEquals(PROMPTS.size(), document);
  }

  @Test
  void twoKillsLoseNothing() throws IOException, InterruptedException {
    Path store = Packaged.workFolder("harvest-killed").resolve("store");
    killed(store, 2, new Random().nextLong());
    assertUndisturbed(store);
  }

  @Test
  @Tag("full")
  void twentyKillsLoseNothing() throws IOException, InterruptedException {
    for (int i = 0; i < 20; i++) {
      Path store = Packaged.workFolder("harvest-killed").resolve("store");
      killed(store, 1, new Random().nextLong());
      assertUndisturbed(store);
      JvmRun.Finished verified =
          tapscope("harvest", "verify", store.toString()).run(Packaged.command()).ok();
      assertTrue(verified.out().contains("all as the manifest says"), verified::toString);
    }
  }

  /** Kills harvests of one store at random moments, then lets one come to its end. */
  private static void killed(Path store, int times, long seed)
      throws IOException, InterruptedException {
    Random random = new Random(seed);
    List<String> moments = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      long after = random.nextLong(milliseconds);
      JvmRun.Started started = harvest(store).start(Packaged.command());
      boolean ended = started.process().waitFor(after, TimeUnit.MILLISECONDS);
      started.process().destroyForcibly().waitFor(); // SIGKILL; the model lives on
      moments.add(after + " ms" + (ended ? " (had ended)" : ""));
    }
    System.out.println("harvest killed after " + String.join(", ", moments) + "; seed " + seed);
    harvest(store).run(Packaged.command()).ok();
  }

  @Test
  @Tag("full")
  void aModelThatIsKilledCostsItsPieceAlone() throws IOException, InterruptedException {
    Path store = Packaged.workFolder("harvest-orphaned").resolve("store");
    JvmRun.Started started = harvest(store).start(Packaged.command());
    while (started.process().isAlive() && !Files.exists(store.resolve("piece-00000.safetensors"))) {
      Thread.sleep(20);
    }
    while (started.process().isAlive() && started.process().children().findAny().isEmpty()) {
      Thread.sleep(20);
    }
    started.process().children().forEach(ProcessHandle::destroyForcibly);
    JvmRun.Finished finished = started.await();
    assertEquals(1, finished.exit(), finished::toString);
    assertTrue(finished.err().contains("[harvest-stopped] Piece 1"), finished::toString);
    harvest(store).run(Packaged.command()).ok();
    assertUndisturbed(store);
  }

  @Test
  @Tag("full")
  void sharesOfTwoMachinesMergeToTheSameStore() throws IOException {
    Path folder = Packaged.workFolder("harvest-shares");
    List<String> shares = new ArrayList<>();
    for (String share : List.of("1/2", "2/2")) {
      Path store = folder.resolve("share-" + share.charAt(0));
      harvest(store, "--shard", share).run(Packaged.command()).ok();
      shares.add(store.toString());
    }
    Path merged = folder.resolve("merged");
    tapscope("harvest", "merge", "--out", merged.toString())
        .with(shares.toArray(String[]::new))
        .run(Packaged.command())
        .ok();
    assertUndisturbed(merged);
  }

  /**
   * No file may become much larger than the second piece's, as on a disk with that little room:
   * what does not fit is said, what is there is kept, and with room the harvest goes on.
   */
  @Test
  void aFullDiskIsSaidAndCostsNothing() throws IOException {
    Path shell = Path.of("/bin/sh");
    assumeTrue(Files.isExecutable(shell), "limits on files are a shell's");
    Path store = Packaged.workFolder("harvest-full").resolve("store");
    long blocks = Files.size(undisturbed.resolve("piece-00001.safetensors")) * 3 / 2 / 512;
    JvmRun.Finished stopped =
        new JvmRun(List.of(), List.of("-c", "ulimit -f " + blocks + "; exec \"$0\" \"$@\""))
            .with(Packaged.command().toString())
            .with(harvest(store).arguments().toArray(String[]::new))
            .brief()
            .run(shell);
    assertEquals(1, stopped.exit(), stopped::toString);
    assertTrue(stopped.err().contains("[harvest-stopped] Piece 2"), stopped::toString);
    assertTrue(stopped.err().contains("[disk-write]"), stopped::toString);
    Map<String, String> kept = files(store);
    assertEquals(
        List.of("piece-00000.safetensors", "piece-00001.safetensors", "store.json"),
        List.copyOf(kept.keySet()));
    JvmRun.Finished resumed = harvest(store).run(Packaged.command()).ok();
    assertTrue(resumed.err().contains("keeping 2 pieces"), resumed::toString);
    assertUndisturbed(store);
  }

  @Test
  void aFolderThatCannotBeWrittenIsSaid() throws IOException {
    Path file = Files.writeString(Packaged.workFolder("harvest-file").resolve("file"), "x");
    JvmRun.Finished refused = harvest(file.resolve("store")).run(Packaged.command());
    assertEquals(1, refused.exit(), refused::toString);
    assertTrue(refused.err().contains("[store-unwritable]"), refused::toString);
    assertEquals("x", Files.readString(file));
  }
}
