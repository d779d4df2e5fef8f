package dev.tapscope.traps;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.junit.Tapped;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import targets.BusyModel;

/**
 * What is seen and what is changed: the traps that other tools fell into with values, on a model
 * that works in place, out of a pool and on worker threads. Run by {@link TrapsIT}.
 */
@Tapped(profile = "busy.taps")
final class ValueTraps {
  private static final int[] PROMPT = {1, 2, 3};
  private static final int LAYERS = BusyModel.LAYERS;
  private static final String EVERYTHING =
      "resid_pre.*+k.*+attn_out.*+resid_mid.*+mlp.*+res.*+weights.*";

  /** Built and run when the first test's run, and with it the taps, were still to come. */
  private static final BusyModel BEFORE = new BusyModel();

  private static final float[][] CLEAN = forward(BEFORE);

  private static float[][] forward(BusyModel model) {
    return model.forward(PROMPT, 0, new BusyModel.Cache());
  }

  private static float[][] forward() {
    return forward(new BusyModel());
  }

  @Test
  @Tapped(
      profile = "busy.taps",
      fires = {
        "resid_pre.0-2 1",
        "k.0-2 1",
        "attn_out.0-2 1",
        "resid_mid.0-2 1",
        "mlp.0-2 1",
        "res.0-2 1",
        "weights.0-2 3",
        "gate.0 0",
        "late 0"
      })
  void aPassVisitsEachPlaceExactlyAsOftenAsTheModelDoes() {
    forward();
  }

  @Test
  @Tapped(
      profile = "busy.taps",
      fires = {"res.0-2 3", "weights.0-2 9"})
  void threeCallsAreThreeTimesTheVisits() {
    forward();
    forward();
    forward();
  }

  @Test
  @Tapped(
      profile = "busy.taps",
      fires = {"res.0-2 1", "weights.0-2 3"})
  void aModelBuiltBeforeItsTapsIsTapped() {
    forward(BEFORE);
  }

  @Test
  void anUnmodifiedValueSentBackIsBitIdentical(Run run) {
    run.on(EVERYTHING, Phase.REPLACE, a -> a.set(a.copy()));
    assertSameBits(CLEAN, forward());
  }

  @Test
  void readingEverythingAHundredTimesMovesNoBit(Run run) {
    run.on(EVERYTHING, Phase.READ_AFTER, Activation::copy);
    for (int i = 0; i < 100; i++) {
      assertSameBits(CLEAN, forward());
    }
  }

  private static void assertSameBits(float[][] wanted, float[][] found) {
    assertEquals(bits(wanted), bits(found));
  }

  private static List<Integer> bits(float[][] rows) {
    List<Integer> bits = new ArrayList<>();
    for (float[] row : rows) {
      for (float value : row) {
        bits.add(Float.floatToRawIntBits(value));
      }
    }
    return bits;
  }

  @Test
  void layerOneWithTheKeysOfLayerZero(Run run) {
    List<float[][]> keys = new ArrayList<>();
    List<float[][]> queries = new ArrayList<>();
    Map<Integer, float[]> weights = new ConcurrentHashMap<>();
    BusyModel.Cache cache = new BusyModel.Cache();
    run.on("k.0", Phase.READ_AFTER, a -> keys.add(a.copy()));
    run.on("k.1", Phase.REPLACE, a -> a.set(keys.get(0)));
    run.on("resid_pre.1", Phase.READ_AFTER, a -> queries.add(a.copy()));
    run.on("weights.1", Phase.READ_AFTER, a -> weights.put(a.position(0), a.copy()[0]));
    new BusyModel().forward(PROMPT, 0, cache);
    for (int i = 0; i < PROMPT.length; i++) {
      double[] byHand = BusyByHand.weights(keys.get(0), queries.get(0)[i], i);
      for (int j = 0; j <= i; j++) {
        assertEquals(byHand[j], weights.get(i)[j], 1e-6);
      }
      assertArrayEquals(keys.get(0)[i], cache.keys.get(1).get(i), "what the model keeps");
    }
  }

  /** Only the feed-forward part is left, three times one and a half. */
  @Test
  void withoutAttentionTokensDoNotMeet(Run run) {
    run.on("attn_out.*", Phase.REPLACE, a -> a.set(new float[a.rows()][BusyModel.WIDTH]));
    assertArrayEquals(
        new float[][] {{3.375f, -3.375f}, {6.75f, -6.75f}, {10.125f, -10.125f}}, forward());
  }

  @Test
  void frozenValuesAreConstantAndPredictTheEffectOfAnIntervention(Run run) {
    float[][][] frozen = new float[LAYERS][PROMPT.length][];
    try (var recording =
        run.on(
            "weights.*",
            Phase.READ_AFTER,
            a -> frozen[a.address().layer()][a.position(0)] = a.copy()[0])) {
      forward();
      recording.close();
    }
    float[][] change = {{0, 0}, {0.25f, 0.5f}, {0, 0}};
    run.on(
        "resid_pre.0",
        Phase.REPLACE,
        a -> {
          float[][] rows = a.copy();
          for (int i = 0; i < rows.length; i++) {
            rows[i][0] += change[i][0];
            rows[i][1] += change[i][1];
          }
          a.set(rows);
        });
    Map<String, float[]> seen = new ConcurrentHashMap<>();
    run.on(
        "weights.*",
        Phase.READ_AFTER,
        a -> seen.put(a.address().layer() + " " + a.position(0), a.copy()[0]));
    forward();
    assertFalse(Arrays.equals(frozen[0][2], seen.get("0 2")), "attention moves unless frozen");
    run.on("weights.*", Phase.REPLACE, a -> a.write(0, frozen[a.address().layer()][a.position(0)]));
    float[][] edited = forward();
    for (int layer = 0; layer < LAYERS; layer++) {
      for (int i = 0; i < PROMPT.length; i++) {
        assertArrayEquals(frozen[layer][i], seen.get(layer + " " + i));
      }
    }
    double[][] predicted = BusyByHand.effect(frozen, new double[][] {{0, 0}, {0.25, 0.5}, {0, 0}});
    for (int i = 0; i < PROMPT.length; i++) {
      for (int c = 0; c < BusyModel.WIDTH; c++) {
        assertEquals(predicted[i][c], (double) edited[i][c] - CLEAN[i][c], 1e-4);
      }
    }
  }

  @Test
  void eachHookSeesWhatLowerOnesHaveMade(Run run) {
    List<String> chain = new ArrayList<>();
    run.on("res.1", Phase.READ_AFTER, a -> chain.add("after " + a.copy()[0][0]));
    run.on("res.1", Phase.SPLICE, a -> addOne(a, chain, "splice "));
    run.on("res.1", Phase.REPLACE, 2, a -> addOne(a, chain, "second "));
    run.on(
        "res.1",
        Phase.REPLACE,
        1,
        a -> {
          chain.add("first");
          a.set(new float[a.rows()][BusyModel.WIDTH]);
        });
    run.on("res.1", Phase.READ_BEFORE, a -> chain.add("before"));
    TapscopeException twice =
        assertThrows(TapscopeException.class, () -> run.on("res.*", Phase.REPLACE, 2, a -> {}));
    assertEquals("replace-twice", twice.id());
    forward();
    assertEquals(List.of("before", "first", "second 0.0", "splice 1.0", "after 2.0"), chain);
  }

  private static void addOne(Activation a, List<String> chain, String who) {
    float[][] rows = a.copy();
    chain.add(who + rows[0][0]);
    rows[0][0]++;
    a.set(rows);
  }

  @Test
  void buffersChangeAfterTheCallbackAndCopiesDoNot(Run run) {
    AtomicReference<Activation> view = new AtomicReference<>();
    List<float[][]> copies = new ArrayList<>();
    List<float[][]> buffers = new ArrayList<>();
    run.on(
        "resid_pre.0",
        Phase.READ_AFTER,
        a -> {
          view.set(a);
          copies.add(a.copy());
          buffers.add((float[][]) a.tensor());
        });
    forward();
    assertArrayEquals(new float[][] {{1, -1}, {2, -2}, {3, -3}}, copies.get(0));
    assertSameBits(CLEAN, buffers.get(0)); // the one buffer of the whole stream
    IllegalStateException late =
        assertThrows(IllegalStateException.class, () -> view.get().read(0, new float[2]));
    assertTrue(late.getMessage().contains("copy the rows"), late.getMessage());
    assertThrows(IllegalStateException.class, () -> view.get().tensor());
  }

  @Test
  void whatIsWrittenIntoAPooledBufferLeavesThePoolBalanced(Run run) {
    BusyModel model = new BusyModel();
    List<Object> buffers = new ArrayList<>();
    run.on(
        "attn_out.*",
        Phase.REPLACE,
        a -> {
          buffers.add(a.tensor());
          a.set(new float[a.rows()][BusyModel.WIDTH]);
        });
    forward(model);
    assertEquals(0, model.pool.open());
    assertSame(buffers.get(0), buffers.get(2), "the pool hands it out again");
  }

  /** The argument is another one; the variable that goes back to the pool is not. */
  @Test
  void anObjectInThePlaceOfAnArgumentDoesNotEnterThePool(Run run) {
    BusyModel model = new BusyModel();
    float[][] mine = new float[PROMPT.length][BusyModel.WIDTH];
    List<Object> pooled = new ArrayList<>();
    try (var edit = run.on("attn_out.*", Phase.REPLACE, a -> a.replace(mine))) {
      assertArrayEquals(new float[] {3.375f, -3.375f}, forward(model)[0]);
      edit.close();
    }
    run.on("attn_out.*+mlp.*", Phase.READ_AFTER, a -> pooled.add(a.tensor()));
    assertSameBits(CLEAN, forward(model));
    pooled.forEach(buffer -> assertNotSame(mine, buffer));
    assertEquals(0, model.pool.open());
  }

  @Test
  void aReaderSeesTheEditedValueAndThePassGoesOnWithIt(Run run) {
    List<float[][]> seen = new ArrayList<>();
    run.on("res.2", Phase.REPLACE, a -> a.set(new float[][] {{7, 7}, {8, 8}, {9, 9}}));
    run.on("res.2", Phase.READ_AFTER, a -> seen.add(a.copy()));
    assertArrayEquals(new float[][] {{7, 7}, {8, 8}, {9, 9}}, forward());
    assertArrayEquals(new float[][] {{7, 7}, {8, 8}, {9, 9}}, seen.get(0));
  }

  @Test
  void selectionsNameListsRangesAndWildcards(Run run) {
    List<String> seen = new ArrayList<>();
    run.on("res.0-1+mlp.2+resid_pre.*", Phase.READ_AFTER, a -> seen.add(a.address().toString()));
    forward();
    assertEquals(
        List.of("resid_pre.0", "res.0", "resid_pre.1", "res.1", "resid_pre.2", "mlp.2"), seen);
  }

  /** A block left out passes its input on, and its own sites are not missed. */
  @Test
  void aSkippedBlockIsNotComputed(Run run) {
    float[][] without;
    List<float[][]> inputs = new ArrayList<>();
    try (Attachment input = run.on("resid_pre.1", Phase.READ_AFTER, a -> inputs.add(a.copy()));
        Attachment output = run.on("res.1", Phase.REPLACE, a -> a.set(inputs.get(0)))) {
      without = forward();
      input.close();
      output.close();
    }
    List<String> seen = new ArrayList<>();
    run.skip("block.1", a -> seen.add("skipped"));
    run.on("res.*", Phase.READ_AFTER, a -> seen.add(a.address().toString()));
    assertSameBits(without, forward());
    assertEquals(List.of("res.0", "skipped", "res.2"), seen);
  }

  @Test
  void aReaderMayNotWrite(Run run) {
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> {
          assertThrows(IllegalStateException.class, () -> a.write(0, new float[2]));
          assertThrows(IllegalStateException.class, () -> a.replace(new float[3][2]));
        });
    assertSameBits(CLEAN, forward());
  }
}
