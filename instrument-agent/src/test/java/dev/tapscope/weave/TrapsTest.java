package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.profile.Site;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;

/**
 * What bytecode has in store for whoever taps it: one test for each trap, which fails without the
 * remedy.
 */
class TrapsTest {
  private final WovenWorld world = new WovenWorld();

  @AfterEach
  void close() {
    world.close();
  }

  private static List<Float> list(float... values) {
    List<Float> all = new ArrayList<>();
    for (float value : values) {
      all.add(value);
    }
    return all;
  }

  private float[] run() {
    return (float[])
        world.call(
            "targets.Runner",
            "forward",
            world.construct("targets.Runner$Weights"),
            world.construct("targets.Runner$State"),
            new int[] {3},
            7);
  }

  private List<String> order() {
    return world.fires().stream().map(WovenWorld.Fire::site).toList();
  }

  /** Trap 1: what a void callee has computed is in an argument, which the call has used up. */
  @Test
  void aVoidCalleeWritesIntoAnArgument() {
    world.weave(
        """
        tap norm
          in    targets.Runner.forward
          after call Runner.norm 1 of 4
          value call arg 0
        """);
    run();
    assertEquals(List.of(list(3, -3), list(60, -60), list(12, -12)), world.values("norm"));
  }

  /** Trap 1: a value may be consumed where it is made, under others on the stack. */
  @Test
  void aValueIsConsumedWithoutEverBeingStored() {
    world.weave(
        """
        tap inner
          in     targets.Block.nested
          before call Block.scale 2 of 2
          value  stack 1
        """);
    world.replace("inner", x -> new float[] {1, 1});
    Object block = world.construct("targets.Block", 1);
    assertEquals(6f, WovenWorld.on(block, "nested", (Object) new float[] {1, 2}));
    assertEquals(List.of(list(2, 4)), world.values("inner"));
  }

  /** Trap 2: one slot serves several variables; a name means the one that lives at the place. */
  @Test
  void aSlotServesSeveralVariablesInTurn() {
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
        """);
    world.call("targets.Shapes", "slots", 1L, 1.0, new float[] {1});
    assertEquals(List.of(list(2)), world.values("early"));
    assertEquals(List.of(list(3)), world.values("late"));
  }

  /** Trap 2: one name serves several variables, in slots of their own. */
  @Test
  void aNameServesSeveralVariablesInTurn() {
    String source =
        """
        public class Named {
          static float[] run(float[] x) {
            {
              float[] t = {x[0] + 1};
              x = t;
            }
            long wide = x.length;
            {
              float[] t = {x[0] + wide};
              x = t;
            }
            return x;
          }
        }
        """;
    List<Site> sites =
        Taps.sites(
            """
            tap first
              in    Named.run
              after store local x 1 of 2
              value local t
            tap second
              in    Named.run
              after store local x 2 of 2
              value local t
            """);
    world.weave("Named", Compiled.source("Named", source, "-g").get("Named"), sites);
    world.call("Named", "run", (Object) new float[] {5});
    assertEquals(List.of(list(6)), world.values("first"));
    assertEquals(List.of(list(7)), world.values("second"));
  }

  /** Trap 3: branches double a call; the field it is fed from tells which is meant. */
  @Test
  void theSameCallStandsInTwoBranches() {
    String place = "in targets.Runner.forward;after call Runner.norm %s;value call arg 0";
    String counted = MisfitSentences.of("targets.Runner", place.formatted("2 of 2"));
    assertTrue(counted.contains("found 4"), counted);
    world.weave(
        "tap last\n"
            + place.formatted("fed by Weights.finalNorm 1 of 1").replace(';', '\n')
            + '\n');
    run();
    assertEquals(List.of(list(480, -48)), world.values("last"));
  }

  /** Trap 4: one place in a loop is as many fires as the loop has rounds, those cut short too. */
  @Test
  void aLoopIsOnePlaceAndManyFires() {
    world.weave(
        """
        tap layer
          in    targets.Runner.forward
          loop  local l end 1 of 1
          value arg 1.x
          layer local l
        """);
    run();
    assertEquals(List.of(0, 1, 2), world.fires().stream().map(f -> f.arguments().get(1)).toList());
  }

  /** Trap 4: a loop that goes back from two places has no one end. */
  @Test
  void aLoopThatGoesBackFromTwoPlacesIsRefused() {
    Misfit misfit =
        MisfitSentences.misfit(
            Compiled.onClassPath("targets.Runner"),
            "in targets.Runner.rounds;loop local m end 1 of 1;value arg 0 as ints");
    assertEquals("loop-count", misfit.id());
    assertTrue(misfit.sentence().contains("found none. A loop counts when its one way back"));
    assertTrue(misfit.sentence().contains("local k (line "), misfit.sentence());
  }

  /** Trap 5: the number in a lambda's name is the compiler's; see also RecompiledTest. */
  @Test
  void lambdasAreCountedWhereTheyAreMade() {
    world.weave(
        """
        tap head
          in    targets.Heads.forward lambda 1 of 2
          at    entry
          value this.out
          layer local h
        """);
    WovenWorld.on(world.construct("targets.Heads"), "forward", new float[] {1}, 3);
    assertEquals(List.of(0, 1), world.fires().stream().map(f -> f.arguments().get(1)).toList());
  }

  /** Trap 5: what a lambda has captured is a copy; a new value stays inside, and that is said. */
  @Test
  void aCapturedVariableIsACopy() {
    world.weave(
        """
        tap mine
          in    targets.Heads.captured lambda 1 of 1
          at    entry
          value local mine
        """);
    world.replace("mine", x -> new float[] {0});
    assertEquals(2f, world.call("targets.Heads", "captured", (Object) new float[] {1}));
    assertTrue(world.fit().assignable());
    String sentence = world.fit().sentence();
    assertTrue(sentence.contains("a copy the lambda has captured"), sentence);
    Site own =
        Taps.site(
            "in targets.Heads.forward lambda 2 of 2 lambda 1 of 1;at entry;" + "value local v");
    String plain =
        Weaver.weave(Compiled.onClassPath("targets.Heads"), List.of(own), "test")
            .reports()
            .get(0)
            .sentence();
    assertFalse(plain.contains("captured"), plain);
  }

  /** Trap 6: a bridge has the same name, and would make every fire two. */
  @Test
  void aBridgeIsNotCountedTwice() {
    world.weave(
        """
        tap out
          in    targets.Members$Concrete.forward
          at    exit
          value return
        """);
    Object members = world.construct("targets.Members$Concrete", true);
    assertArrayEquals(
        new float[] {6}, (float[]) WovenWorld.on(members, "forward", (Object) new float[] {2}));
    assertEquals(1, world.fires().size());
  }

  /** Trap 6: code may call the bridge; the method a profile names is the one somebody wrote. */
  @Test
  void aCallOfABridgeIsNoCandidate() {
    String source =
        """
        public class Bridged implements java.util.function.UnaryOperator<float[]> {
          public float[] apply(float[] x) { return x; }
          static float[] run(Bridged b, float[] x) { return b.apply(x); }
        }
        """;
    byte[] bytes = Compiled.source("Bridged", source, "-g").get("Bridged");
    byte[] both = BridgeCalls.add(bytes, "run");
    Woven woven =
        Weaver.weave(
            both,
            List.of(Taps.site("in Bridged.run;after call Bridged.apply 1 of 1;value return")),
            "test");
    assertEquals(List.of(), woven.misfits(), woven.misfits()::toString);
    Misfit misfit =
        MisfitSentences.misfit(
            Compiled.source(
                    "Seen",
                    "public class Seen extends Hidden {} class Hidden { public float[] f(float[] x)"
                        + " { return x; } }",
                    "-g")
                .get("Seen"),
            "in Seen.f;at exit;value return");
    assertEquals("method-missing", misfit.id());
    assertTrue(misfit.sentence().contains("found only a bridge"), misfit.sentence());
    assertTrue(misfit.sentence().endsWith("Write: in Hidden.f."), misfit.sentence());
  }

  /** Trap 6: a norm that is not there passes its input on, and that is one fire all the same. */
  @Test
  void anOptionalStepThatIsNotThereStillFires() {
    world.weave(
        """
        tap normed
          in    targets.Heads.optional
          after store local normed 1 of 1
          value local normed
        """);
    Function<float[], float[]> twice = x -> new float[] {2 * x[0]};
    world.call("targets.Heads", "optional", Optional.of(twice), new float[] {1});
    world.call("targets.Heads", "optional", Optional.empty(), new float[] {1});
    assertEquals(List.of(list(2), list(1)), world.values("normed"));
  }

  /** Trap 13: places that are fewer or more than stated are refused, and nothing is woven. */
  @Test
  void theNumberOfPlacesIsAPromise() {
    for (String place :
        List.of(
            "after call Ops.accumulate 1 of 1",
            "after call Runner.norm fed by Weights.attNorm 1 of 2",
            "after store local token 1 of 2",
            "after element any 1 of 2",
            "after element State.cache 1 of 2",
            "loop local l end 1 of 2")) {
      List<Site> sites =
          Taps.sites(
              "tap good\n in targets.Runner.forward\n at exit\n value return\n"
                  + "tap bad\n in targets.Runner.forward\n "
                  + place
                  + "\n value arg 1.x\n");
      Woven woven = Weaver.weave(Compiled.onClassPath("targets.Runner"), sites, "test");
      assertEquals(1, woven.misfits().size(), place);
      assertTrue(woven.bytes().isEmpty(), place);
      String sentence = woven.misfits().get(0).sentence();
      assertTrue(sentence.contains("Wanted 1 of ") && sentence.contains("rite: "), sentence);
    }
  }

  /** Trap 18: taps must not take a method past what the compiler compiles; see SizeTest. */
  @Test
  void tapsAtEveryPlaceOfALongMethodAreRefusedTogether() {
    String body = "x = f(x);".repeat(1590);
    String source =
        "public class Near { static float[] f(float[] x) { return x; } static float[] run(float[]"
            + " x) { "
            + body
            + " return x; } }";
    byte[] near = Compiled.source("Near", source, "-g:none").get("Near");
    // f(x) and its store are 5 bytes: 1 + 3 + 1; a tap of its result is 5 more.
    assertEquals(7952, CodeSizes.of(new ClassReader(near)).get("run([F)[F"));
    StringBuilder taps = new StringBuilder();
    for (int i = 1; i <= 10; i++) {
      taps.append("tap t" + i + "\n in Near.run\n after call Near.f " + i + " of 1590\n value");
      taps.append(" return\n");
      if (i == 9) {
        assertTrue(Weaver.weave(near, Taps.sites(taps.toString()), "test").bytes().isPresent());
      }
    }
    Woven woven = Weaver.weave(near, Taps.sites(taps.toString()), "test");
    assertTrue(woven.bytes().isEmpty());
    assertEquals(10, woven.misfits().size());
    String sentence = woven.misfits().get(0).sentence();
    assertTrue(sentence.contains("found 7952 bytes that grow to 8002"), sentence);
  }

  /** Trap 19: a loaded class can be given neither methods nor fields; nothing but code changes. */
  @Test
  void aWovenClassHasNoNewMembers() {
    byte[] bytes = Compiled.onClassPath("targets.Heads");
    List<Site> sites =
        Taps.sites(
            """
            tap head
              in     targets.Heads.forward lambda 1 of 2
              at     entry
              value  this.out
            tap call
              in     targets.Heads.latest
              around call Heads.keep 1 of 1
              value  return like call arg 0
            """);
    byte[] woven = Weaver.weave(bytes, sites, "test").bytes().orElseThrow();
    assertFalse(Arrays.equals(bytes, woven));
    assertEquals(members(bytes), members(woven));
  }

  private static List<String> members(byte[] bytes) {
    ClassNode node = new ClassNode();
    new ClassReader(bytes).accept(node, 0);
    List<String> all = new ArrayList<>(List.of(node.name, node.superName, "" + node.interfaces));
    node.fields.forEach(f -> all.add(f.access + " " + f.name + f.desc));
    node.methods.forEach(m -> all.add(m.access + " " + m.name + m.desc));
    return all;
  }

  /** Trap 19: without a linker a woven class does what it did before. */
  @Test
  void aWovenClassWithoutALinkerPassesThrough() {
    world.weave(
        """
        tap add
          in     targets.Runner.forward
          around call Ops.accumulate 1 of 2
          value  call arg 0
        tap half
          in     targets.Runner.forward
          before call Runner.norm fed by Weights.attNorm 1 of 1
          value  call arg 1
          layer  index of call arg 2
        """);
    TapBridge.linkWith(null);
    assertArrayEquals(new float[] {480, -48}, run());
    assertEquals(List.of(), order());
  }

  /** Trap 21: before {@code super()} there is no object, and nothing can be tapped. */
  @Test
  void aConstructorIsNotTappedBeforeItsObjectExists() {
    String source =
        """
        public class Early extends java.util.ArrayList<Object> {
          float[] kept;
          static int size(float[] x) { return x.length; }
          Early(float[] x) { super(size(x)); kept = x; }
        }
        """;
    Map<String, byte[]> classes = Compiled.source("Early", source, "-g");
    Misfit misfit =
        MisfitSentences.misfit(
            classes.get("Early"), "in Early.<init>;after call Early.size 1 of 1;value call arg 0");
    assertEquals("before-super", misfit.id());
    misfit =
        MisfitSentences.misfit(
            classes.get("Early"),
            "in Early.<init>;around call ArrayList.<init> 1 of 1;value call arg 0 as any");
    assertEquals("around-call", misfit.id());
    world.weave(
        "Early",
        classes.get("Early"),
        List.of(Taps.site("in Early.<init>;after put this.kept 1 of 1;value this.kept")));
    world.construct("Early", (Object) new float[] {1});
    assertEquals(1, world.fires().size());
  }

  /** Trap 21: an object on the stack may not be constructed yet; it is not handed to a tap. */
  @Test
  void anObjectNotYetConstructedIsNotShown() {
    String source =
        """
        public class Fresh {
          final float[] kept;
          Fresh(float[] x) { kept = x; }
          static float[] f(float[] x) { return x; }
          static Fresh run(float[] x) { return new Fresh(f(x)); }
        }
        """;
    byte[] fresh = Compiled.source("Fresh", source, "-g").get("Fresh");
    String place = "in Fresh.run;after call Fresh.f 1 of 1;value stack";
    Misfit misfit = MisfitSentences.misfit(fresh, place + " 1 as any");
    assertEquals("stack-missing", misfit.id());
    assertTrue(misfit.sentence().contains("not yet constructed"), misfit.sentence());
    world.weave("Fresh", fresh, List.of(Taps.site(place)));
    world.call("Fresh", "run", (Object) new float[] {4});
    assertEquals(List.of(list(4)), world.values("site"));
    int version = new ClassReader(fresh).readUnsignedShort(6);
    assertTrue(version >= Opcodes.V17, "a class of this Java, " + version);
  }
}
