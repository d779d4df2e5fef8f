package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.ProfileParser;
import dev.tapscope.profile.Site;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each join point and each form of value, seen and replaced; expected numbers by hand. */
class JoinPointTest {
  private final WovenWorld world = new WovenWorld();

  @AfterEach
  void close() {
    world.close();
  }

  private static float[] floats(Object array) {
    return (float[]) array;
  }

  private static List<Float> list(float... values) {
    List<Float> all = new ArrayList<>();
    for (float value : values) {
      all.add(value);
    }
    return all;
  }

  private float[] forward(float[] x, int position) {
    return floats(WovenWorld.on(world.construct("targets.Block", 3), "forward", x, position));
  }

  @Test
  void entryShowsAndReplacesAnArgumentWithLayerAndPosition() {
    world.weave(
        """
        tap res
          in    targets.Block.forward(float[], int)
          at    entry
          value arg 0
          layer this.layer
          pos   arg 1
        """);
    // 3x + position
    assertArrayEquals(new float[] {13, 16}, forward(new float[] {1, 2}, 10));
    List<Object> fired = world.fired();
    assertEquals(list(1, 2), fired.get(0));
    assertEquals("targets.Block", fired.get(1).getClass().getName());
    assertEquals(10, fired.get(2));
    assertTrue(world.fit().assignable());
    assertEquals("[F", world.fit().type());
    assertEquals(1, world.fit().calls());
    world.replace("res", x -> new float[] {5, 5});
    assertArrayEquals(new float[] {15, 15}, forward(new float[] {1, 2}, 0));
  }

  @Test
  void exitStandsBeforeEveryReturn() {
    world.weave(
        """
        tap res
          in    targets.Shapes.choose
          at    exit
          value return
          layer arg 1
        """);
    assertEquals(3, world.fit().calls());
    for (int kind : new int[] {0, 1, 2, 6}) {
      world.call("targets.Shapes", "choose", new float[] {1}, kind);
    }
    assertEquals(List.of(list(1), list(2), list(1), list(6)), world.values("res"));
    assertEquals(6, world.fires().get(3).arguments().get(1));
    world.replace("res", x -> new float[] {9});
    assertArrayEquals(
        new float[] {9}, floats(world.call("targets.Shapes", "choose", new float[] {1}, 1)));
  }

  @Test
  void afterTheSecondOfTwoCallsALocalIsReplaced() {
    world.weave(
        """
        tap res
          in    targets.Block.forward
          after call Ops.accumulate 2 of 2
          value local out
          layer this.layer
          pos   local position
        """);
    assertArrayEquals(new float[] {4}, forward(new float[] {1}, 1));
    assertEquals(list(3), world.fired().get(0));
    world.replace("res", x -> new float[] {100});
    assertArrayEquals(new float[] {101}, forward(new float[] {1}, 1));
  }

  @Test
  void beforeTheSecondOfTwoCallsTheFirstHasHappened() {
    world.weave(
        """
        tap res
          in     targets.Block.forward
          before call targets.Ops.accumulate(float[], float[]) 2 of 2
          value  local out
        """);
    forward(new float[] {1}, 1);
    assertEquals(list(1), world.fired().get(0));
  }

  @Test
  void anArgumentOfACallIsReplacedUnderTheOthers() {
    world.weave(
        """
        tap res
          in     targets.Shapes.wide
          before call Ops.add 1 of 1
          value  call arg 0
          pos    call arg 4
        """);
    // state {1, 1} += 10 + 0.5 * {2, 4}: {12, 13}; plus the scale returned
    Object shapes = world.construct("targets.Shapes");
    assertEquals(25.5f, WovenWorld.on(shapes, "wide", (Object) new float[] {2, 4}));
    assertEquals(List.of(list(1, 1), 0), world.fired());
    // The replaced argument takes the addition; the state stays as it was: 12 + 13 + 0.5.
    world.replace("res", x -> new float[] {0, 0});
    assertEquals(25.5f, WovenWorld.on(shapes, "wide", (Object) new float[] {2, 4}));
  }

  @Test
  void anArgumentBetweenWideOnesIsReplaced() {
    world.weave(
        """
        tap res
          in     targets.Shapes.wide
          before call Ops.add 1 of 1
          value  call arg 3
        """);
    world.replace("res", x -> new float[] {20, 40});
    // {1, 1} += 10 + 0.5 * {20, 40}: {21, 31}; plus 0.5
    Object shapes = world.construct("targets.Shapes");
    assertEquals(52.5f, WovenWorld.on(shapes, "wide", (Object) new float[] {2, 4}));
    assertEquals(list(2, 4), world.fired().get(0));
  }

  @Test
  void behindACallItsArgumentsAreStillAtHandInPlace() {
    world.weave(
        """
        tap res
          in     targets.Shapes.wide
          after  call Ops.add 1 of 1
          value  call arg 0
          pos    call arg 4
        """);
    assertFalse(world.fit().assignable());
    world.replace(
        "res",
        x -> {
          floats(x)[0] = 100;
          return new float[] {-1, -1};
        });
    // {12, 13} with 12 overwritten in place; the new array is of no account
    Object shapes = world.construct("targets.Shapes");
    assertEquals(113.5f, WovenWorld.on(shapes, "wide", (Object) new float[] {2, 4}));
    assertEquals(List.of(list(12, 13), 0), world.fired());
  }

  @Test
  void behindACallAReplacedArgumentIsTheOneSeen() {
    world.weave(
        """
        tap seen
          in     targets.Shapes.wide
          after  call Ops.add 1 of 1
          value  call arg 0
        tap given
          in     targets.Shapes.wide
          before call Ops.add 1 of 1
          value  call arg 0
        """);
    world.replace("given", x -> new float[] {0, 0});
    WovenWorld.on(world.construct("targets.Shapes"), "wide", (Object) new float[] {2, 4});
    assertEquals(List.of(list(11, 12)), world.values("seen"));
  }

  @Test
  void whatACallReturnsIsReplacedInTheMiddleOfAnExpression() {
    world.weave(
        """
        tap inner
          in    targets.Block.nested
          after call Block.scale 1 of 2
          value return
        tap outer
          in    targets.Block.nested
          after call Block.scale 2 of 2
          value return
          layer this.layer
        """);
    Object block = world.construct("targets.Block", 4);
    assertEquals(18f, WovenWorld.on(block, "nested", (Object) new float[] {1, 2}));
    assertEquals(List.of(list(2, 4)), world.values("inner"));
    assertEquals(List.of(list(6, 12)), world.values("outer"));
    assertSame(block, world.fires().get(1).arguments().get(1));
    world.replace("inner", x -> new float[] {1, 1});
    assertEquals(6f, WovenWorld.on(block, "nested", (Object) new float[] {1, 2}));
  }

  @Test
  void aResultThatIsAlsoACaptureIsShownTwice() {
    world.weave(
        """
        tap res
          in    targets.Block.nested
          after call Block.scale 2 of 2
          value rms call arg 0 eps this.norm.eps into return gain this.norm.gain
        """);
    Object block = world.construct("targets.Block", 4);
    world.replace("res", x -> new float[] {7});
    assertEquals(7f, WovenWorld.on(block, "nested", (Object) new float[] {1, 2}));
    assertEquals(List.of(list(6, 12), list(2, 4), block, block), world.fired());
  }

  @Test
  void aPathFromAResultIsReadFromTheResult() {
    world.weave(
        """
        tap res
          in    targets.Shapes.lambda
          after call List.get 1 of 1
          value return.value
        """);
    assertEquals(6f, world.call("targets.Shapes", "lambda", (Object) new float[] {1, 2}));
    assertEquals(List.of(6f), world.fired());
    assertFalse(world.fit().assignable());
  }

  @Test
  void theStoreThatInitialisesAVariableCounts() {
    world.weave(
        """
        tap res
          in    targets.Block.forward
          after store local doubled 1 of 1
          value local doubled
          layer 5
          pos   0
        """);
    world.replace("res", x -> new float[] {10});
    assertArrayEquals(new float[] {11}, forward(new float[] {1}, 0));
    assertEquals(List.of(list(2)), world.fired());
  }

  @Test
  void aDerivedValueGetsItsParts() {
    world.weave(
        """
        tap transcoder_in
          in    targets.Block.forward
          after store local doubled 1 of 1
          value rms arg 0 eps this.norm.eps into local doubled gain this.norm.gain
          layer this.layer
          pos   arg 1
        """);
    forward(new float[] {1}, 8);
    List<Object> fired = world.fired();
    Object block = fired.get(1);
    // value, then layer, pos, source, eps, gain
    assertEquals(List.of(list(2), block, 8, list(1), block, block), fired);
  }

  @Test
  void aFieldOfThisIsChangedInPlace() {
    world.weave(
        """
        tap res
          in    targets.Shapes.wide
          after store local got 1 of 1
          value this.state
        """);
    assertFalse(world.fit().assignable());
    assertEquals("[F", world.fit().type());
    Object shapes = world.construct("targets.Shapes");
    world.replace("res", self -> world.construct("targets.Shapes"));
    assertEquals(25.5f, WovenWorld.on(shapes, "wide", (Object) new float[] {2, 4}));
    assertEquals(List.of(shapes), world.fired());
  }

  @Test
  void twoTapsAtOnePlaceFireInTheOrderOfTheProfile() {
    String tap =
        """
        tap NAME
          in    targets.Block.forward
          after store local doubled 1 of 1
          value local doubled
        """;
    String exit =
        """
        tap NAME
          in    targets.Block.forward
          at    exit
          value return
        """;
    String entry = exit.replace("exit", "entry").replace("return", "arg 0");
    String before =
        exit.replace("at    exit", "before call Ops.accumulate 1 of 2")
            .replace("return", "call arg 1");
    StringBuilder taps = new StringBuilder();
    for (String name : List.of("z", "a", "m")) {
      for (String form : List.of(exit, before, tap, entry)) {
        taps.append(form.replace("NAME", name + List.of(exit, before, tap, entry).indexOf(form)));
      }
    }
    world.weave(taps.toString());
    forward(new float[] {1}, 0);
    assertEquals(
        List.of("z3", "a3", "m3", "z2", "a2", "m2", "z1", "a1", "m1", "z0", "a0", "m0"),
        world.fires().stream().map(WovenWorld.Fire::site).toList());
  }

  @Test
  void tokensAreAnArrayOfIdsAndSampledIsAnInt() {
    world.weave(
        """
        tap sampled
          in    targets.Shapes.sample
          at    exit
          value return
        tap ids
          in    targets.Shapes.prompt
          at    entry
          value arg 2
          pos   arg 1
        """);
    world.replace("sampled", id -> 0);
    assertEquals(0, world.call("targets.Shapes", "sample", (Object) new float[] {1, 9, 3}));
    assertEquals(List.of(1), world.fired());
  }

  @Test
  void theTokensTapPassesIdsPositionAndCache() {
    List<Site> sites =
        ProfileParser.parse(
                """
                profile p
                tap tokens
                  in    targets.Shapes.prompt(int[], int, Object)
                  at    entry
                  value arg 0
                  pos   arg 1
                  cache arg 2
                """,
                "p")
            .sites();
    world.weave("targets.Shapes", Compiled.onClassPath("targets.Shapes"), sites);
    world.replace("tokens", ids -> new int[] {100});
    Object result = world.call("targets.Shapes", "prompt", new int[] {5, 6}, 7, "cache");
    assertArrayEquals(new int[] {108}, (int[]) result);
    assertEquals(List.of(List.of(5, 6), 7, "cache"), world.fired());
  }

  @Test
  void aConstructorIsTappedBehindItsSuperCallAndAtItsExit() {
    world.weave(
        """
        tap start
          in    targets.Members.<init>(float[])
          at    entry
          value arg 0
        tap end
          in    targets.Members.<init>(float[])
          at    exit
          value this.weights
        tap note
          in    targets.Members$Concrete.<init>(boolean)
          at    entry
          value this.weights
        """);
    world.replace("start", x -> new float[] {1, 1, 1, 1});
    Object members = world.construct("targets.Members$Concrete", true);
    assertEquals(
        List.of("start", "end", "note"),
        world.fires().stream().map(WovenWorld.Fire::site).toList());
    assertEquals(List.of(list(4, 5, 6)), world.values("start"));
    // four weights now: forward multiplies by their number
    assertArrayEquals(
        new float[] {8}, floats(WovenWorld.on(members, "forward", (Object) new float[] {2})));
    assertEquals("x", WovenWorld.on(members, "note"));
  }
}
