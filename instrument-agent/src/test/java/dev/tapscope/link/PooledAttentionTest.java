package dev.tapscope.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.capture.Capture;
import dev.tapscope.folder.Dtype;
import dev.tapscope.folder.RunDirectory;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.run.Runs;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Phase;
import dev.tapscope.testing.Shard;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Attention values in buffers that the model uses again and again: woven, shown, edited and kept.
 */
class PooledAttentionTest {
  private static final Profile PROFILE =
      ProfileParser.parse(
          """
          profile pooled
          tap tokens
            in     targets.Pooled.forward
            at     entry
            value  arg 0
            pos    arg 1

          tap scores
            in     targets.Pooled.doubled
            at     entry
            value  arg 0

          tap pattern
            in     targets.Pooled.forward
            after  store local weights 1 of 1
            value  local weights
            pos    arg 1

          tap doubled
            in     targets.Pooled.forward
            around call Pooled.doubled 1 of 1
            value  return like call arg 0
            pos    arg 1
          """,
          "pooled.taps");

  private static final int[] PROMPT = {3, 5, 7};

  @TempDir Path folder;
  private final List<String> log = new ArrayList<>();
  private final Runs runs = new Runs(PROFILE, System.err);
  private final SiteLinks links = new SiteLinks(PROFILE, runs, System.err);
  private final WovenTargets loader = new WovenTargets(PROFILE, links);
  private RunDirectory directory;
  private TapRun run;
  private Object model;

  @BeforeEach
  void stand() throws ReflectiveOperationException {
    directory = RunDirectory.create(folder.resolve("run"), false, 1 << 20);
    run =
        runs.stand(
            directory,
            e -> {
              throw e;
            });
    model = loader.construct("targets.Pooled");
  }

  @AfterEach
  void nothingFailed() {
    TapBridge.linkWith(null);
    assertEquals(List.of(), links.problems());
    assertEquals(List.of(), run.finish());
  }

  private float[] pass(int[] tokens, int start) throws ReflectiveOperationException {
    Method forward = model.getClass().getDeclaredMethod("forward", int[].class, int.class);
    runs.passEntered();
    try {
      return (float[]) forward.invoke(model, tokens, start);
    } finally {
      runs.passLeft(true);
    }
  }

  private FloatBuffer pooled(String field, int position, int head)
      throws ReflectiveOperationException {
    Field pool = model.getClass().getDeclaredField(field);
    pool.setAccessible(true);
    return ((FloatBuffer[][]) pool.get(model))[position][head];
  }

  /** The fourth position no longer sees the first key, whose weight still lies in its buffer. */
  @Test
  void whatRemainsOfEachBufferIsKept() throws ReflectiveOperationException {
    Capture.attach(run, directory, PROFILE, Optional.of("pattern"), Dtype.F32, Capture.Stage.AFTER);
    assertArrayEquals(new float[] {66, 286, 748}, pass(PROMPT, 0));
    assertArrayEquals(new float[] {858}, pass(new int[] {2}, 3));
    assertEquals(List.of(), run.finish());
    assertEquals(List.of(), directory.closeFiles());
    Shard shard = Shard.readAll(directory.path(), "activations").get(0);
    assertArrayEquals(
        new long[] {0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 2, 0, 0, 2, 1, 0, 3, 0, 0, 3, 1},
        shard.tensor("pattern.rows").longs());
    assertArrayEquals(
        new long[] {0, 1, 2, 4, 6, 9, 12, 15, 18}, shard.tensor("pattern.indptr").longs());
    assertArrayEquals(
        new int[] {0, 0, 0, 1, 0, 1, 0, 1, 2, 0, 1, 2, 1, 2, 3, 1, 2, 3},
        shard.tensor("pattern.index").ints());
    assertArrayEquals(
        new float[] {2, 20, 2, 4, 20, 40, 2, 4, 6, 20, 40, 60, 4, 6, 8, 40, 60, 80},
        shard.tensor("pattern.value").floats());
  }

  /** Without the second head a position's sum is of {@code 2 * (key + 1) * id} only. */
  @Test
  void whatIsWrittenIsInTheModelsBuffer() throws ReflectiveOperationException {
    run.on(
        "pattern",
        Phase.REPLACE,
        a -> {
          for (int row = 0; row < a.rows(); row++) {
            if (a.head(row) == 1) {
              a.write(row, new float[a.width(row)]);
            }
          }
        });
    assertArrayEquals(new float[] {6, 26, 68}, pass(PROMPT, 0));
    pooled("pattern", 0, 1).put(0, 11);
    assertArrayEquals(new float[] {78}, pass(new int[] {2}, 3));
    FloatBuffer keys = pooled("pattern", 0, 1);
    assertEquals(1, keys.position());
    assertEquals(4, keys.limit());
    assertEquals(11, keys.get(0), "what lies before the keys is not the hook's");
    assertEquals(0, keys.get(1));
  }

  @Test
  void aLaterPassIsShownWhatItsOwnBuffersHold() throws ReflectiveOperationException {
    run.on(
        "scores",
        Phase.READ_BEFORE,
        a -> {
          float[][] rows = a.copy();
          for (int row = 0; row < rows.length; row++) {
            log.add(a.position(row) + "/" + a.head(row) + " " + Arrays.toString(rows[row]));
          }
        });
    pass(PROMPT, 0);
    log.clear();
    pass(new int[] {2}, 3);
    assertEquals(List.of("3/0 [2.0, 3.0, 4.0]", "3/1 [20.0, 30.0, 40.0]"), log);
  }

  @Test
  void theWholeMayBeReplaced() throws ReflectiveOperationException {
    FloatBuffer[][] other = {
      {FloatBuffer.wrap(new float[] {5}), FloatBuffer.wrap(new float[] {7})}
    };
    run.on("pattern", Phase.REPLACE, a -> a.replace(other));
    assertArrayEquals(new float[] {36}, pass(new int[] {3}, 0));
    assertArrayEquals(new float[] {2}, valueAt(pooled("pattern", 0, 0)));
  }

  private static float[] valueAt(FloatBuffer keys) {
    float[] values = new float[keys.remaining()];
    keys.get(keys.position(), values);
    return values;
  }

  /**
   * {@code doubled} left out is {@code 11 * (key + 1) * id}; what stands in its place is a copy.
   */
  @Test
  void aResultIsSuppliedInTheFormOfAnArgument() throws ReflectiveOperationException {
    run.skip("doubled", a -> a.write(1, new float[a.width(1)]));
    assertArrayEquals(new float[] {3}, pass(new int[] {3}, 0));
    assertArrayEquals(new float[] {10}, valueAt(pooled("scores", 0, 1)));
    assertEquals(8, pooled("pattern", 0, 0).limit(), "nothing was doubled");
  }
}
