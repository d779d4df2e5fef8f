package dev.tapscope.capture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.folder.Dtype;
import dev.tapscope.folder.RunDirectory;
import dev.tapscope.profile.Profile;
import dev.tapscope.run.Runs;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ModelThread;
import dev.tapscope.testing.Shard;
import dev.tapscope.testing.TinyProfile;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureTest {
  @TempDir Path folder;

  private final Profile profile = TinyProfile.profile();
  private final List<TapscopeException> fatal = new ArrayList<>();
  private RunDirectory directory;
  private Runs runs;
  private TapRun run;
  private ModelThread model;

  private void start(long shardBytes, Dtype dtype, Capture.Stage stage, String sites) {
    directory = RunDirectory.create(folder.resolve("run"), false, shardBytes);
    runs = new Runs(profile, System.err);
    run = runs.stand(directory, fatal::add);
    Capture.attach(run, directory, profile, Optional.ofNullable(sites), dtype, stage);
    model = new ModelThread(runs, profile);
  }

  private List<Shard> end() {
    assertEquals(List.of(), run.finish());
    assertEquals(List.of(), directory.closeFiles());
    return Shard.readAll(directory.path(), "activations");
  }

  @Test
  void denseRowsWithTheirTokens() {
    start(1 << 20, Dtype.F32, Capture.Stage.AFTER, "res.1");
    model.pass(
        0,
        new int[] {1, 8},
        () -> {
          model.fire("res", 0, 0, new float[][] {{9, 9}, {9, 9}});
          model.fire("res", 1, 0, new float[][] {{1, 2}, {3, 4}});
        });
    runs.sampled(5);
    model.pass(2, new int[] {5}, () -> model.fire("res", 1, 2, new float[][] {{5, 6}}));
    model.pass(0, new int[] {1}, () -> model.fire("res", 1, 0, new float[][] {{7, 8}}));
    List<Shard> shards = end();
    assertEquals(1, shards.size());
    Shard shard = shards.get(0);
    assertEquals(
        Set.of("res.1", "res.1.rows", "tokens", "tokens.rows", "tokens.generated"), shard.names());
    assertEquals(List.of(4L, 2L), shard.tensor("res.1").shape());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, shard.tensor("res.1").floats());
    assertEquals(List.of(4L, 3L), shard.tensor("res.1.rows").shape());
    assertArrayEquals(
        new long[] {0, 0, 0, 0, 1, 0, 0, 2, 1, 1, 0, 2}, shard.tensor("res.1.rows").longs());
    assertArrayEquals(new int[] {1, 8, 5, 1}, shard.tensor("tokens").ints());
    assertEquals(List.of(4L, 2L), shard.tensor("tokens.rows").shape());
    assertArrayEquals(new long[] {0, 0, 0, 1, 0, 2, 1, 0}, shard.tensor("tokens.rows").longs());
    assertArrayEquals(new int[] {0, 0, 1, 0}, shard.tensor("tokens.generated").ints());
    assertEquals("tapscope-run/1", shard.metadata().get("format"));
    assertEquals("1", shard.metadata().get("bos"));
    assertEquals("[0, 3]", shard.metadata().get("bos_rows"));
    assertEquals("f32", shard.metadata().get("dtype"));
    assertEquals("after", shard.metadata().get("stage"));
    assertTrue(shard.metadata().get("site.res").contains("after  store local out 1 of 1"));
    assertFalse(shard.metadata().containsKey("site.mlp"));
  }

  @Test
  void attentionRowsAreRagged() {
    start(1 << 20, Dtype.F32, Capture.Stage.AFTER, "pattern.0");
    model.pass(
        5,
        new int[] {1, 2},
        () ->
            model.fire(
                "pattern", 0, 5, new float[][][] {{{1, 2, 3}, {4, 5, 6}}, {{7, 8}, {9, 10}}}));
    Shard shard = end().get(0);
    assertArrayEquals(
        new long[] {0, 5, 0, 0, 5, 1, 0, 6, 0, 0, 6, 1}, shard.tensor("pattern.0.rows").longs());
    assertArrayEquals(new long[] {0, 3, 6, 8, 10}, shard.tensor("pattern.0.indptr").longs());
    assertArrayEquals(
        new int[] {3, 4, 5, 3, 4, 5, 5, 6, 5, 6}, shard.tensor("pattern.0.index").ints());
    assertArrayEquals(
        new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, shard.tensor("pattern.0.value").floats());
  }

  /** The same buffers hold the next pass by the time this one is written. */
  @Test
  void attentionRowsInBuffersAreCopiedOut() {
    start(1 << 20, Dtype.F32, Capture.Stage.AFTER, "pattern.0");
    float[] pool = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    FloatBuffer[][] value = {{FloatBuffer.wrap(pool, 1, 3)}, {FloatBuffer.wrap(pool, 6, 2)}};
    model.pass(
        5,
        new int[] {1, 2},
        () -> {
          model.fire("pattern", 0, 5, value);
          value[0][0].position(0).limit(1);
          Arrays.fill(pool, 50);
        });
    model.pass(
        7,
        new int[] {1},
        () -> model.fire("pattern", 0, 7, new FloatBuffer[][] {{value[0][0].limit(4)}}));
    Shard shard = end().get(0);
    assertArrayEquals(
        new long[] {0, 5, 0, 0, 6, 0, 0, 7, 0}, shard.tensor("pattern.0.rows").longs());
    assertArrayEquals(new long[] {0, 3, 5, 9}, shard.tensor("pattern.0.indptr").longs());
    assertArrayEquals(
        new int[] {3, 4, 5, 5, 6, 4, 5, 6, 7}, shard.tensor("pattern.0.index").ints());
    assertArrayEquals(
        new float[] {1, 2, 3, 6, 7, 50, 50, 50, 50}, shard.tensor("pattern.0.value").floats());
  }

  @Test
  void tokensAreKeptWithoutAnySite() {
    start(1 << 20, Dtype.F32, Capture.Stage.AFTER, null);
    model.pass(0, new int[] {4, 5}, () -> model.fire("res", 0, 0, new float[2][2]));
    Shard shard = end().get(0);
    assertEquals(Set.of("tokens", "tokens.rows", "tokens.generated"), shard.names());
    assertEquals("[]", shard.metadata().get("bos_rows"));
  }

  @Test
  void theStageSaysWhichValueIsKept() {
    start(1 << 20, Dtype.F32, Capture.Stage.BEFORE, "res.0");
    run.on("res.0", Phase.REPLACE, a -> a.write(0, new float[] {9, 9}));
    model.pass(0, new int[] {4}, () -> model.fire("res", 0, 0, new float[][] {{1, 2}}));
    Shard shard = end().get(0);
    assertArrayEquals(new float[] {1, 2}, shard.tensor("res.0").floats());
    assertEquals("before", shard.metadata().get("stage"));
  }

  @Test
  void afterEditsTheEditedValueIsKept() {
    start(1 << 20, Dtype.BF16, Capture.Stage.AFTER, "res.0");
    run.on("res.0", Phase.REPLACE, a -> a.write(0, new float[] {1, -2}));
    model.pass(0, new int[] {4}, () -> model.fire("res", 0, 0, new float[][] {{5, 6}}));
    Shard shard = end().get(0);
    assertEquals("BF16", shard.tensor("res.0").dtype());
    assertArrayEquals(new short[] {0x3f80, (short) 0xc000}, shard.tensor("res.0").shorts());
  }

  @Test
  void anAbortedPassLeavesNothing() {
    start(1 << 20, Dtype.F32, Capture.Stage.AFTER, "res.0");
    model.pass(0, new int[] {4}, () -> model.fire("res", 0, 0, new float[][] {{1, 2}}));
    assertThrows(
        IllegalStateException.class,
        () ->
            model.pass(
                1,
                new int[] {5},
                () -> {
                  model.fire("res", 0, 1, new float[][] {{3, 4}});
                  throw new IllegalStateException("the model's own");
                }));
    model.pass(2, new int[] {6}, () -> model.fire("res", 0, 2, new float[][] {{5, 6}}));
    Shard shard = end().get(0);
    assertArrayEquals(new int[] {4, 6}, shard.tensor("tokens").ints());
    assertArrayEquals(new float[] {1, 2, 5, 6}, shard.tensor("res.0").floats());
    assertArrayEquals(new long[] {0, 0, 0, 0, 2, 2}, shard.tensor("res.0.rows").longs());
  }

  @Test
  void aPassStaysInOneShard() {
    start(1, Dtype.F32, Capture.Stage.AFTER, "res.0");
    for (int pass = 0; pass < 3; pass++) {
      int position = 2 * pass;
      float value = pass;
      model.pass(
          position,
          new int[] {1, 4},
          () -> model.fire("res", 0, position, new float[][] {{value}, {value}}));
    }
    List<Shard> shards = end();
    assertEquals(3, shards.size());
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(new float[] {i, i}, shards.get(i).tensor("res.0").floats());
      assertArrayEquals(
          new long[] {0, 2 * i, i, 0, 2 * i + 1, i}, shards.get(i).tensor("res.0.rows").longs());
      assertEquals("[0]", shards.get(i).metadata().get("bos_rows"));
    }
  }

  @Test
  void aValueF16CannotHoldEndsTheRun() {
    start(1 << 20, Dtype.F16, Capture.Stage.AFTER, "res.0");
    model.pass(0, new int[] {4}, () -> model.fire("res", 0, 0, new float[][] {{1, 70000}}));
    assertEquals(List.of("f16-overflow"), fatal.stream().map(TapscopeException::id).toList());
    assertTrue(fatal.get(0).getMessage().contains("Value 70000.0 at column 1 of res.0"));
  }
}
