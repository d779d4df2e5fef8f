package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Taps in code of every shape: loops, handlers, switches, wide and reused slots, no names. */
class ShapesTest {
  private final WovenWorld world = new WovenWorld();

  @AfterEach
  void close() {
    world.close();
  }

  private static List<Float> list(Float... values) {
    return List.of(values);
  }

  @Test
  void aLoopThatJumpsToTheFirstInstructionPassesTheEntryOnce() {
    world.weave("tap res\n in targets.Shapes.spin\n at entry\n value arg 0 as ints\n");
    assertEquals(0, world.call("targets.Shapes", "spin", (Object) new int[] {4}));
    assertEquals(List.of(List.of(4)), world.values("res"));
  }

  @Test
  void aTapInALoopFiresEachTimeWithTheLoopsVariable() {
    world.weave(
        """
        tap res
          in    targets.Shapes.loops
          after store local x 1 of 1
          value local x
          layer local l
        """);
    world.replace("res", x -> new float[] {((float[]) x)[0] * 10});
    // l = 0: {1} stays 1, times 10; l = 1: 10 + 1 = 11, times 10
    assertArrayEquals(
        new float[] {110}, (float[]) world.call("targets.Shapes", "loops", new float[] {1}, 2));
    assertEquals(List.of(list(1f), list(11f)), world.values("res"));
    assertEquals(0, world.fires().get(0).arguments().get(1));
    assertEquals(1, world.fires().get(1).arguments().get(1));
  }

  @Test
  void tapsInTryCatchAndFinally() {
    world.weave(
        """
        tap risky
          in    targets.Shapes.guarded
          after store local risky 1 of 1
          value local risky
          pos   arg 1
        tap rescued
          in    targets.Shapes.guarded
          after store local rescued 1 of 1
          value local rescued
        tap added
          in     targets.Shapes.guarded
          before call Ops.accumulate 1 of 3
          value  call arg 0
        tap added_after_rescue
          in     targets.Shapes.guarded
          before call Ops.accumulate 2 of 3
          value  call arg 0
        """);
    world.replace("rescued", x -> new float[] {50});
    assertArrayEquals(
        new float[] {8}, (float[]) world.call("targets.Shapes", "guarded", new float[] {1}, 0));
    assertArrayEquals(
        new float[] {51}, (float[]) world.call("targets.Shapes", "guarded", new float[] {1}, 9));
    assertEquals(List.of(list(2f), list(2f)), world.values("risky"));
    assertEquals(List.of(list(-1f)), world.values("rescued"));
    assertEquals(List.of(list(7f)), world.values("added"));
    assertEquals(List.of(list(50f)), world.values("added_after_rescue"));
  }

  @Test
  void ofVariablesThatShareASlotTheOneInScopeIsMeant() {
    world.weave(
        """
        tap early
          in    targets.Shapes.slots
          after store local early 1 of 1
          value local early
        tap late
          in    targets.Shapes.slots
          after store local late 1 of 1
          value local late
        tap again
          in    targets.Shapes.slots
          after store local again 1 of 1
          value local again
        """);
    world.replace("late", x -> new float[] {100});
    // 3 + 4 + 2*1 + 100 + 6 + 1 + 1
    assertEquals(117.0, world.call("targets.Shapes", "slots", 3L, 4.0, new float[] {1}));
    assertEquals(List.of(list(2f)), world.values("early"));
    assertEquals(List.of(list(3f)), world.values("late"));
    assertEquals(List.of(list(1f), list(1f)), world.values("again"));
  }

  @Test
  void parametersBehindWideOnesAreFound() {
    world.weave("tap res\n in targets.Shapes.slots\n at entry\n value arg 2\n");
    world.replace("res", x -> new float[] {0});
    assertEquals(3 + 4 + 6.0, world.call("targets.Shapes", "slots", 3L, 4.0, new float[] {1}));
    assertEquals(List.of(list(1f)), world.values("res"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aVariableAssignedOnTwoPathsHasTwoStores(int nth) {
    world.weave(
        """
        tap res
          in    targets.Shapes.joined
          after store local y NTH of 2
          value local y
        tap sum
          in     targets.Shapes.joined
          before call Ops.sum 1 of 1
          value  local y
        """
            .replace("NTH", "" + nth));
    world.replace("res", x -> new float[] {30});
    assertEquals(
        nth == 1 ? 30f : 2f, world.call("targets.Shapes", "joined", new float[] {1}, true));
    assertEquals(
        nth == 2 ? 30f : 5f, world.call("targets.Shapes", "joined", new float[] {1}, false));
    assertEquals(
        nth == 1 ? List.of(list(30f), list(5f)) : List.of(list(2f), list(30f)),
        world.values("sum"));
  }

  /** Behind the join the verifier knows the variable as an Object, and so does the tap. */
  @Test
  void aVariableWiderThanItsValueKeepsItsType() {
    world.weave(
        """
        tap narrow
          in    targets.Shapes.widened
          after store local held 1 of 2
          value local held as any
        tap wide
          in    targets.Shapes.widened
          after store local floats 1 of 1
          value local held as any
        """);
    assertEquals("[F", world.fit().type());
    world.replace("wide", x -> "replaced by text");
    assertEquals(1f, world.call("targets.Shapes", "widened", (Object) new float[] {1}));
    assertEquals(List.of(list(1f)), world.values("wide"));
  }

  @Test
  void aTapHoldsNoMonitorUp() {
    world.weave(
        """
        tap res
          in    targets.Shapes.monitored
          after store local y 1 of 1
          value local y
        """);
    Object shapes = world.construct("targets.Shapes");
    world.replace("res", x -> new float[] {5});
    assertEquals(5f, WovenWorld.on(shapes, "monitored", (Object) new float[] {1}));
    assertTrue(!Thread.holdsLock(shapes));
  }

  /** The body of a lambda is a method of its own: only a tap that names it reaches it. */
  @Test
  void lambdasAreTappedByTheirOwnNameOnly() {
    Woven outside =
        Weaver.weave(
            Compiled.onClassPath("targets.Shapes"),
            List.of(
                Taps.site("in targets.Shapes.lambda;after call Ops.sum 1 of 1;value call arg 0")),
            "test");
    assertEquals("call-count", outside.misfits().get(0).id());
    world.weave(
        """
        tap res
          in    targets.Shapes.lambda$lambda$0
          after store local inner 1 of 1
          value local inner
        """);
    world.replace("res", x -> new float[] {40});
    assertEquals(40f, world.call("targets.Shapes", "lambda", (Object) new float[] {1}));
  }

  @Test
  void aMethodOfAnArrayIsACallLikeAnyOther() {
    world.weave(
        """
        tap res
          in    targets.Shapes.guarded
          after call float[].clone 1 of 1
          value return as any
        """);
    world.replace("res", x -> new float[] {3});
    assertArrayEquals(
        new float[] {8}, (float[]) world.call("targets.Shapes", "guarded", new float[] {1}, 0));
    assertEquals(List.of(list(1f)), world.values("res"));
  }

  @Test
  void bridgesAreNeverMeant() {
    world.weave(
        """
        tap res
          in    targets.Members$Concrete.forward
          at    entry
          value arg 0
        """);
    Object members = world.construct("targets.Members$Concrete", false);
    try {
      // Through the generic method, whose bridge calls the one woven.
      world
          .load("targets.Members")
          .getMethod("forward", Object.class)
          .invoke(members, new float[] {2});
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
    assertEquals(List.of(list(2f)), world.values("res"));
  }

  private static final String NAMELESS =
      """
      public class Nameless {
        public static float[] forward(float[] x, long skip, int pos) {
          float[] y = new float[x.length];
          for (int i = 0; i < x.length; i++) {
            y[i] = x[i] + skip;
          }
          float[] z = y.clone();
          return z;
        }
      }
      """;

  /** Slots: x 0, skip 1 and 2, pos 3, y 4, i 5, z 5. */
  @ParameterizedTest
  @ValueSource(strings = {"-g", "-g:source,lines", "-g:none"})
  void slotsServeWithAndWithoutNames(String debug) {
    Map<String, byte[]> classes = Compiled.source("Nameless", NAMELESS, debug, "--release", "17");
    world.weave(
        "Nameless",
        classes.get("Nameless"),
        Taps.sites(
            """
            tap y
              in    Nameless.forward
              after store slot 4 1 of 1
              value slot 4
              pos   slot 3
            tap z
              in    Nameless.forward
              after store slot 5 2 of 2
              value slot 5
            tap x
              in    Nameless.forward
              at    entry
              value arg 0
            """));
    world.replace("z", z -> new float[] {1, 2, 3});
    assertArrayEquals(
        new float[] {1, 2, 3}, (float[]) world.call("Nameless", "forward", new float[] {4}, 2L, 9));
    assertEquals(List.of(List.of(0f)), world.values("y"));
    assertEquals(List.of(List.of(6f)), world.values("z"));
    assertEquals(9, world.fires().get(1).arguments().get(1));
    assertEquals("[F", world.fit().type());
  }
}
