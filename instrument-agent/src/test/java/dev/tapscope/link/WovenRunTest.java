package dev.tapscope.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.folder.NoFolder;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.run.Runs;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Phase;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A runner in one method, woven and linked: what the taps of a profile show of its passes. */
class WovenRunTest {
  private static final Profile PROFILE =
      ProfileParser.parse(
          """
          profile runner
          tap tokens
            in     targets.Runner.forward
            at     entry
            value  arg 2
            pos    arg 3
            cache  arg 1

          tap res
            in     targets.Runner.forward
            before call Runner.norm fed by Weights.attNorm 1 of 1
            value  call arg 1
            layer  previous index of call arg 2
            cache  arg 1
          tap res
            in     targets.Runner.forward
            before call Runner.norm fed by Weights.finalNorm 1 of 1
            value  call arg 1
            layer  latest

          tap cached
            in     targets.Runner.forward
            after  element State.cache 1 of 1
            value  arg 1.cache[local l]
            layer  local l
            pos    arg 3

          tap first_gain
            in     targets.Runner.forward
            at     exit
            value  arg 0.attNorm[2]

          tap scaled
            in     targets.Runner.forward
            at     exit
            value  scaled return by arg 0.attNorm[1][0]

          tap add
            in     targets.Runner.forward
            around call Ops.accumulate 1 of 2
            value  call arg 0
            layer  local l

          tap tokens
            in     targets.Block.forward
            at     entry
            value  arg 1
            pos    arg 1
          tap twice
            in     targets.Block.forward
            around call Block.scale 1 of 1
            value  return like call arg 0
            layer  this.layer

          tap tokens
            in     targets.Heads.forward
            at     entry
            value  arg 1
            pos    arg 1
          tap same
            in     targets.Heads.forward
            around call UnaryOperator.apply 1 of 1
            value  return like call arg 0
          """,
          "runner.taps");

  private final List<String> log = new ArrayList<>();
  private final Runs runs = new Runs(PROFILE, System.err);
  private final TapRun run =
      runs.stand(
          new NoFolder(),
          e -> {
            throw e;
          });
  private final SiteLinks links = new SiteLinks(PROFILE, runs, System.err);
  private final WovenTargets loader = new WovenTargets(PROFILE, links);

  @AfterEach
  void unlink() {
    TapBridge.linkWith(null);
    assertEquals(List.of(), links.problems());
  }

  private float[] pass(int position) throws ReflectiveOperationException {
    return pass(loader.construct("targets.Runner$State"), position);
  }

  private float[] pass(Object state, int position) throws ReflectiveOperationException {
    Method forward =
        Arrays.stream(loader.loadClass("targets.Runner").getDeclaredMethods())
            .filter(m -> m.getName().equals("forward"))
            .findFirst()
            .orElseThrow();
    Object weights = loader.construct("targets.Runner$Weights");
    runs.passEntered();
    try {
      return (float[]) forward.invoke(null, weights, state, new int[] {3}, position);
    } finally {
      runs.passLeft(true);
    }
  }

  private void show(Activation a) {
    float[] row = new float[a.width(0)];
    a.read(0, row);
    log.add(a.address() + " " + a.position(0) + " " + Arrays.toString(row));
  }

  private void finish() {
    assertEquals(List.of(), run.finish());
    assertEquals(List.of(), run.ledger().verdict(runs.wording()));
  }

  /** The residual is the input of the next layer's norm, and of the last. */
  @Test
  void theResidualIsFoundInTheNextLayersNorm() throws ReflectiveOperationException {
    run.on("res.*", Phase.READ_AFTER, this::show);
    assertArrayEquals(new float[] {480, -48}, pass(7));
    assertEquals(
        List.of("res.0 7 [12.0, -12.0]", "res.1 7 [12.0, -12.0]", "res.2 7 [48.0, -48.0]"), log);
    finish();
  }

  @Test
  void theResidualIsReplacedAtEachOfItsPlaces() throws ReflectiveOperationException {
    run.on("res.1", Phase.REPLACE, a -> a.write(0, new float[] {1, 2}));
    // Layer 2 makes it fourfold, the final norm multiplies by {10, 1}.
    assertArrayEquals(new float[] {40, 8}, pass(0));
    run.on("res.2", Phase.REPLACE, a -> a.write(0, new float[] {5, 5}));
    assertArrayEquals(new float[] {50, 5}, pass(0));
    finish();
  }

  @Test
  void anElementIsReadAtTheIndexThatIsPassed() throws ReflectiveOperationException {
    run.on("cached.*", Phase.READ_AFTER, this::show);
    run.on("first_gain", Phase.READ_AFTER, this::show);
    pass(4);
    assertEquals(
        List.of(
            "cached.0 4 [3.0, -3.0]",
            "cached.1 4 [60.0, -60.0]",
            "cached.2 4 [12.0, -12.0]",
            "first_gain 4 [1.0, 1.0]"),
        log);
    finish();
  }

  @Test
  void whatIsWrittenToAnElementIsInTheModel() throws ReflectiveOperationException {
    run.on("cached.1", Phase.REPLACE, a -> a.write(0, new float[] {8, 9}));
    Object state = loader.construct("targets.Runner$State");
    assertArrayEquals(new float[] {480, -48}, pass(state, 0));
    Field cache = state.getClass().getDeclaredField("cache");
    cache.setAccessible(true);
    assertArrayEquals(new float[] {8, 9}, ((float[][]) cache.get(state))[1]);
    finish();
  }

  /** attNorm[1][0] is 5: {480, -48} shows fivefold, and what is written is divided by 5. */
  @Test
  void aScaledValueIsShownTimesItsFactorAndWrittenBack() throws ReflectiveOperationException {
    run.on("scaled", Phase.READ_BEFORE, this::show);
    run.on("scaled", Phase.REPLACE, a -> a.write(0, new float[] {10, -240}));
    assertArrayEquals(new float[] {2, -48}, pass(0));
    assertEquals(List.of("scaled 0 [2400.0, -240.0]"), log);
    finish();
  }

  @Test
  void aCallIsMadeAndShownUnlessAHookStandsInItsPlace() throws ReflectiveOperationException {
    run.on("add.*", Phase.READ_AFTER, this::show);
    assertArrayEquals(new float[] {480, -48}, pass(0));
    assertEquals(List.of("add.0 0 [6.0, -6.0]", "add.2 0 [24.0, -24.0]"), log);
    log.clear();
    run.skip("add.2", a -> a.write(0, new float[] {1, 1}));
    // The first addition of layer 2 is left out and leaves {1, 1}; the second doubles it.
    assertArrayEquals(new float[] {20, 2}, pass(0));
    assertEquals(List.of("add.0 0 [6.0, -6.0]"), log);
  }

  private float[] block(int position) throws ReflectiveOperationException {
    Object block = loader.construct("targets.Block", 4);
    Method forward = block.getClass().getDeclaredMethod("forward", float[].class, int.class);
    runs.passEntered();
    try {
      return (float[]) forward.invoke(block, new float[] {1, 2}, position);
    } finally {
      runs.passLeft(true);
    }
  }

  /** {@code 3x + position}: x, and the result of a call that is 2x. */
  @Test
  void aResultIsSuppliedInTheFormOfAnArgument() throws ReflectiveOperationException {
    assertArrayEquals(new float[] {3, 6}, block(0));
    run.on("twice.4", Phase.READ_AFTER, this::show);
    assertArrayEquals(new float[] {4, 7}, block(1));
    assertEquals(List.of("twice.4 1 [2.0, 4.0]"), log);
    run.skip("twice.4", this::show);
    // Left as it is, the result is a copy of the argument: the call was the identity.
    assertArrayEquals(new float[] {2, 4}, block(0));
    assertEquals("twice.4 0 [1.0, 2.0]", log.get(1));
  }

  @Test
  void aResultMayBeReplacedAsAWhole() throws ReflectiveOperationException {
    run.on("twice.4", Phase.REPLACE, a -> a.replace(new float[] {10, 10}));
    assertArrayEquals(new float[] {11, 12}, block(0));
    finish();
  }

  /** {@code 2x * (layer + 2)}: of it {@code 4x} is what a method of an object hands back. */
  @Test
  void argumentsAreCountedBehindTheReceiver() throws ReflectiveOperationException {
    Object heads = loader.construct("targets.Heads");
    Method forward = heads.getClass().getDeclaredMethod("forward", float[].class, int.class);
    run.skip("same", a -> a.write(0, new float[] {100}));
    runs.passEntered();
    assertArrayEquals(new float[] {106}, (float[]) forward.invoke(heads, new float[] {1}, 3));
    runs.passLeft(true);
    Field out = heads.getClass().getDeclaredField("out");
    out.setAccessible(true);
    assertArrayEquals(new float[] {4}, ((float[][]) out.get(heads))[1]);
    finish();
  }
}
