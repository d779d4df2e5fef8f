package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.junit.Tapped;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.Taps;
import dev.tapscope.tap.TapscopeException;
import gemma2.io.Checkpoint;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import gemma2.model.ModelLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CyclicBarrier;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The Java API on the sample's own classes, in the JVM of the tests, which has the agent. */
class JavaApiIT {
  private static final int[] IDS = GoldenPrompt.named("question").ids();
  private static final Gemma2 MODEL =
      ModelLoader.load(
          Config.read(Fixtures.tinyGemma2()),
          Checkpoint.open(Fixtures.tinyGemma2()),
          Kernels.choose(),
          new Workers(1),
          ModelLoader.Options.DEFAULT);
  private static final int LAYERS = MODEL.config().layers();

  private static float[][] forward() {
    return MODEL.forward(IDS, 0, new KvCache(MODEL.config(), IDS.length), IDS.length);
  }

  private static void zero(Activation activation) {
    for (int row = 0; row < activation.rows(); row++) {
      activation.write(row, new float[activation.width(row)]);
    }
  }

  @Test
  @Tapped(profile = "gemma2")
  void everySiteFiresExactlyOnceALayerAPass(Run run) {
    Map<Address, Long> fires = new TreeMap<>();
    for (String sites : Sites.all().split("\\+")) {
      run.on(sites, Phase.READ_AFTER, a -> fires.merge(a.address(), 1L, Long::sum));
    }
    for (int i = 0; i < 3; i++) {
      forward();
    }
    Map<Address, Long> wanted = new TreeMap<>();
    for (String sites : Sites.all().split("\\+")) {
      if (sites.endsWith(".*")) {
        String site = sites.substring(0, sites.length() - 2);
        for (int layer = 0; layer < LAYERS; layer++) {
          wanted.put(Address.of(site, layer), 3L);
        }
      } else {
        wanted.put(Address.of(sites), 3L);
      }
    }
    assertEquals(wanted, fires);
    assertEquals(wanted, new TreeMap<>(run.fires()));
  }

  @Test
  @Tapped(profile = "gemma2")
  void whatIsSentBackUnmodifiedKeepsEveryBit(Run run) {
    float[][] clean = forward();
    run.on(Sites.all(), Phase.REPLACE, a -> a.set(a.copy()));
    assertArrayEquals(clean, forward());
  }

  @Test
  @Tapped(profile = "gemma2")
  void anotherObjectWithTheSameRowsKeepsEveryBit(Run run) {
    float[][] clean = forward();
    run.on("res.*+mlp.*+att.*", Phase.REPLACE, a -> a.replace(a.copy()));
    assertArrayEquals(clean, forward());
  }

  @Test
  @Tapped(profile = "gemma2")
  void theKeysOfOneLayerForThoseOfAnother(Run run) {
    float[][] clean = forward();
    List<float[][]> keys = new ArrayList<>();
    List<float[][]> after = new ArrayList<>();
    run.on("k.0", Phase.READ_AFTER, a -> keys.add(a.copy()));
    run.on("k.1", Phase.REPLACE, a -> a.set(keys.get(0)));
    run.on("k.1", Phase.READ_AFTER, a -> after.add(a.copy()));
    float[][] edited = forward();
    assertArrayEquals(keys.get(0), after.get(0));
    assertFalse(Arrays.deepEquals(clean, edited));
  }

  @Test
  @Tapped(profile = "gemma2")
  void withoutAttentionABlockAddsOnlyItsMlp(Run run) {
    List<float[][]> raw = new ArrayList<>();
    List<float[][]> before = new ArrayList<>();
    List<float[][]> mid = new ArrayList<>();
    run.on("att.2", Phase.REPLACE, JavaApiIT::zero);
    run.on("attn_raw.2", Phase.READ_AFTER, a -> raw.add(a.copy()));
    run.on("resid_pre.2", Phase.READ_AFTER, a -> before.add(a.copy()));
    run.on("resid_mid.2", Phase.READ_AFTER, a -> mid.add(a.copy()));
    forward();
    for (float[] row : raw.get(0)) {
      assertArrayEquals(new float[row.length], row, 0f);
    }
    assertArrayEquals(before.get(0), mid.get(0));
  }

  @Test
  @Tapped(profile = "gemma2")
  void aForwardPassAsALoop(Run unused) {
    float[][] clean = forward();
    List<String> seen = new ArrayList<>();
    try (Steps<float[][]> run = Taps.steps("resid_mid.*+res.*+final_norm", JavaApiIT::forward)) {
      for (Activation a : run) {
        seen.add(a.address().toString());
        if (a.address().equals(Address.of("res", 1))) {
          zero(a);
        }
      }
      assertFalse(Arrays.deepEquals(clean, run.result().orElseThrow()));
    }
    List<String> wanted = new ArrayList<>();
    for (int layer = 0; layer < LAYERS; layer++) {
      wanted.add("resid_mid." + layer);
      wanted.add("res." + layer);
    }
    wanted.add("final_norm");
    assertEquals(wanted, seen);
  }

  @Test
  @Tapped(profile = "gemma2")
  void breakingOffTheLoopLeavesTheModelAsItWas(Run unused) {
    float[][] clean = forward();
    try (Steps<float[][]> run = Taps.steps("res.*", JavaApiIT::forward)) {
      for (Activation a : run) {
        zero(a);
        if (a.address().layer() == 1) {
          break;
        }
      }
    }
    assertArrayEquals(clean, forward());
  }

  @Test
  @Tapped(profile = "gemma2")
  void nothingIsComputedBehindTheLastSiteAskedFor(Run run) throws Exception {
    List<String> seen = new ArrayList<>();
    run.watch("attn_in.*+logits", a -> seen.add(a.address().toString()));
    run.on("res.1", Phase.READ_AFTER, a -> {});
    run.stopWhenSeen();
    assertEquals(Optional.empty(), run.call(JavaApiIT::forward));
    assertEquals(List.of("attn_in.0", "attn_in.1"), seen);
  }

  @Test
  @Tapped(profile = "gemma2", sites = "res.*")
  void aBlockLeftOutPassesTheStreamOn(Run run) {
    List<float[][]> into = new ArrayList<>();
    List<float[][]> next = new ArrayList<>();
    run.skip("block.2", a -> {});
    run.watch("res.1", a -> into.add(a.copy()));
    run.watch("resid_pre.2+att.2", a -> into.add(new float[0][]));
    run.watch("resid_pre.3", a -> next.add(a.copy()));
    forward();
    assertEquals(1, into.size(), "no site of the block fires");
    assertArrayEquals(into.get(0), next.get(0));
  }

  @Test
  @Tapped(profile = "gemma2")
  void aSuppliedResultIsAsGoodAsTheBlocksOwn(Run run) {
    List<float[][]> results = new ArrayList<>();
    float[][] clean;
    try (Attachment recorder = run.on("res.2", Phase.READ_AFTER, a -> results.add(a.copy()))) {
      clean = forward();
      assertEquals(1, results.size(), recorder::toString);
    }
    run.skip("block.2", a -> a.set(results.get(0)));
    assertArrayEquals(clean, forward());
  }

  @Test
  @Tapped(profile = "gemma2")
  void aBlockMayBeWatchedAsAWhole(Run run) {
    List<float[][]> blocks = new ArrayList<>();
    List<float[][]> streams = new ArrayList<>();
    run.on("block.*", Phase.READ_AFTER, a -> blocks.add(a.copy()));
    run.on("res.*", Phase.READ_AFTER, a -> streams.add(a.copy()));
    forward();
    assertEquals(LAYERS, blocks.size());
    for (int layer = 0; layer < LAYERS; layer++) {
      assertArrayEquals(streams.get(layer), blocks.get(layer));
    }
  }

  @Test
  @Tapped(profile = "gemma2")
  void onlyACallCanBeLeftOut(Run run) {
    TapscopeException refused =
        assertThrows(TapscopeException.class, () -> run.skip("res.2", a -> {}));
    assertEquals("site-not-around", refused.id());
    assertTrue(refused.getMessage().contains("block"), refused.getMessage());
    assertEquals(
        "skip-twice",
        assertThrows(
                TapscopeException.class,
                () -> {
                  run.skip("block.1-2", a -> {});
                  run.skip("block.2", a -> {});
                })
            .id());
    forward();
  }

  @Test
  @Tapped(profile = "gemma2")
  void editsInTheWordsOfTheCommandLine(Run run) {
    float[][] clean = forward();
    String sae = "res.3 " + Fixtures.resSae();
    try (Run nothing = Taps.open("gemma2")) {
      nothing.edit(Map.of("l9", sae), "splice l9 error", "steer l9/76 0");
      assertArrayEquals(clean, forward());
    }
    try (Run steered = Taps.open("gemma2")) {
      steered.edit(Map.of("l9", sae), "steer l9/76 1.25x @prompt");
      List<float[][]> before = new ArrayList<>();
      List<float[][]> after = new ArrayList<>();
      steered.on("res.3", Phase.READ_BEFORE, a -> before.add(a.copy()));
      steered.on("res.3", Phase.READ_AFTER, a -> after.add(a.copy()));
      forward();
      // 1.25 times the maximum of feature 76, 13.58, along a unit decoder row; BOS is left alone.
      assertEquals(0, distance(before.get(0)[0], after.get(0)[0]));
      for (int row = 1; row < IDS.length; row++) {
        assertEquals(16.98, distance(before.get(0)[row], after.get(0)[row]), 0.01);
      }
    }
    try (Run zeroed = Taps.open("gemma2")) {
      zeroed.edit(Map.of(), "zero att.2 @all+bos");
      float[][] byEdit = forward();
      run.on("att.2", Phase.REPLACE, JavaApiIT::zero);
      zeroed.close();
      assertArrayEquals(byEdit, forward());
    }
  }

  private static double distance(float[] a, float[] b) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return Math.sqrt(squares);
  }

  @Test
  @Tapped(profile = "gemma2")
  void attachmentsOfOneRunNest(Run run) {
    float[][] clean = forward();
    try (Attachment edit = run.on("att.0", Phase.REPLACE, JavaApiIT::zero)) {
      float[][] once = forward();
      try (Attachment more = run.on("att.1", Phase.REPLACE, JavaApiIT::zero)) {
        assertFalse(Arrays.deepEquals(once, forward()), more::toString);
      }
      assertArrayEquals(once, forward(), edit::toString);
    }
    assertArrayEquals(clean, forward());
  }

  @Test
  void twoRunsOverOneModelDoNotSeeEachOther() throws InterruptedException {
    concurrently(20);
  }

  @Test
  @Tag("full")
  void twoRunsOverOneModelDoNotSeeEachOtherAThousandTimes() throws InterruptedException {
    concurrently(1000);
  }

  /** Each of two edits, alone and beside the other one: the same bits every time. */
  private static void concurrently(int repetitions) throws InterruptedException {
    List<Consumer<Run>> edits =
        List.of(
            run -> run.on("att.1", Phase.REPLACE, JavaApiIT::zero),
            run ->
                run.on(
                    "res.2",
                    Phase.REPLACE,
                    a -> {
                      float[][] rows = a.copy();
                      rows[rows.length - 1][3] += 5;
                      a.set(rows);
                    }));
    List<float[][]> alone = edits.stream().map(JavaApiIT::edited).toList();
    assertFalse(Arrays.deepEquals(alone.get(0), alone.get(1)));
    CyclicBarrier together = new CyclicBarrier(edits.size());
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < edits.size(); i++) {
      Consumer<Run> edit = edits.get(i);
      float[][] wanted = alone.get(i);
      threads.add(
          new Thread(() -> {
            try (Run run = Taps.open("gemma2")) {
              edit.accept(run);
              for (int n = 0; n < repetitions; n++) {
                together.await();
                assertArrayEquals(wanted, forward());
              }
            } catch (Throwable e) {
              failures.add(e);
              together.reset();
            }
          }));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertTrue(failures.isEmpty(), failures::toString);
  }

  private static float[][] edited(Consumer<Run> edit) {
    try (Run run = Taps.open("gemma2")) {
      edit.accept(run);
      return forward();
    }
  }
}
