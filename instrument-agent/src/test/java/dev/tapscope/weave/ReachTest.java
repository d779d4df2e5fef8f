package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.MethodNode;
import targets.Runner;

/** The places and values only code of some shapes has; expected numbers by hand. */
class ReachTest {
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

  private static float[] floats(float... values) {
    return values;
  }

  private Object state;

  /** {160 * 3, -16 * 3} when nothing is changed. */
  private float[] run() {
    state = world.construct("targets.Runner$State");
    Object weights = world.construct("targets.Runner$Weights");
    return (float[]) world.call("targets.Runner", "forward", weights, state, new int[] {3}, 7);
  }

  private static final String STREAM =
      """
      tap res
        in     targets.Runner.forward
        before call Runner.norm fed by Weights.attNorm 1 of 1
        value  call arg 1
        layer  previous index of call arg 2
        pos    arg 3
        cache  arg 1
      tap res
        in     targets.Runner.forward
        before call Runner.norm fed by Weights.finalNorm 1 of 1
        value  call arg 1
        layer  latest
        pos    arg 3
        cache  arg 1
      """;

  @Test
  void aCallIsChosenByTheFieldItsArgumentCameFrom() {
    world.weave(STREAM);
    assertArrayEquals(floats(480, -48), run());
    assertEquals(
        List.of(list(3, -3), list(12, -12), list(12, -12)), world.values("res"), "in order");
    assertEquals(List.of(list(48, -48)), world.values("res#2"));
    for (int l = 0; l < 3; l++) {
      assertEquals(
          List.of(l, 7, state), world.fires().get(l).arguments().subList(1, 4), "layer " + l);
    }
    assertEquals(List.of(list(48, -48), 7, state), world.fires().get(3).arguments());
    world.replace("res", x -> floats(1, 1));
    // x + {1, 1}, twice, in layers 0 and 2: {3, -3}, {8, -4}, {18, -6}
    assertArrayEquals(floats(180, -6), run());
  }

  @Test
  void twoBranchesMayUseTheSameField() {
    world.weave(
        """
        tap ffn
          in     targets.Runner.forward
          after  call Runner.norm fed by Runner$Weights.ffnNorm 1 of 2
          value  call arg 0
          layer  index of call arg 2
        tap odd
          in     targets.Runner.forward
          after  call Runner.norm fed by Weights.ffnNorm 2 of 2
          value  call arg 0
        """);
    assertArrayEquals(floats(480, -48), run());
    assertEquals(List.of(list(6, -6), list(24, -24)), world.values("ffn"));
    assertEquals(List.of(0, 2), world.fires().stream().map(f -> f.arguments().get(1)).toList());
    assertFalse(world.fit().assignable());
  }

  @Test
  void theIndexSurvivesInTheMiddleOfAnExpression() {
    world.weave(
        """
        tap res
          in     targets.Runner.joined
          before call Runner.norm fed by Weights.attNorm 1 of 1
          value  call arg 1
        """);
    String sentence =
        MisfitSentences.of(
            "targets.Runner",
            "in targets.Runner.joined;before call Runner.norm fed by Weights.attNorm 1 of 1;"
                + "value call arg 1;layer index of call arg 2");
    assertTrue(sentence.contains("the code branches before the call"), sentence);
    sentence =
        MisfitSentences.of(
            "targets.Runner",
            "in targets.Runner.joined;before call Runner.norm 1 of 2;"
                + "value call arg 1;layer index of call arg 2");
    assertTrue(sentence.contains("not loaded from an array, or not from one place"), sentence);
  }

  @Test
  void anElementOfAnArrayThatIsAFieldIsStoredAndShown() {
    world.weave(
        """
        tap cached
          in     targets.Runner.forward
          after  element State.cache 1 of 1
          value  arg 1.cache[local l]
          layer  local l
        """);
    assertArrayEquals(floats(480, -48), run());
    assertEquals(3, world.fires().size());
    for (int l = 0; l < 3; l++) {
      assertEquals(List.of(state, l, l), world.fires().get(l).arguments());
    }
    assertFalse(world.fit().assignable());
    assertEquals("Ltargets/Runner$State;", world.fit().type());
  }

  @Test
  void anElementOfALocalArrayIsStored() {
    world.weave(
        """
        tap row
          in     targets.Heads.keep
          after  element local rows 1 of 1
          value  local rows[1]
        tap first
          in     targets.Heads.keep
          after  element any 1 of 4
          value  arg 0
        tap out
          in     targets.Heads.keep
          after  element this.out 1 of 1
          value  local rows
        """);
    assertEquals("[F", world.fit().type());
    assertFalse(world.fit().assignable());
    world.replace(
        "row",
        rows -> {
          ((float[][]) rows)[1][0] = 50;
          return null;
        });
    Object heads = world.construct("targets.Heads");
    assertArrayEquals(floats(50), (float[]) WovenWorld.on(heads, "keep", (Object) floats(1)));
    assertEquals(
        List.of("first", "row", "out"), world.fires().stream().map(WovenWorld.Fire::site).toList());
  }

  @Test
  void aFieldIsPut() {
    world.weave(
        """
        tap before
          in     targets.Heads.keep
          before put this.kept 1 of 2
          value  stack
        tap after
          in     targets.Heads.keep
          after  put this.kept 1 of 2
          value  this.kept
        tap latest
          in     targets.Heads.keep
          before put Heads.latest 1 of 1
          value  stack 0
        """);
    assertTrue(world.fit().assignable());
    Object heads = world.construct("targets.Heads");
    assertArrayEquals(floats(6), (float[]) WovenWorld.on(heads, "keep", (Object) floats(1)));
    assertEquals(List.of(list(3)), world.values("before"));
    assertEquals(List.of(heads), world.values("after"));
    assertEquals(List.of(list(6)), world.values("latest"));
    world.replace("before", x -> floats(10));
    assertArrayEquals(floats(20), (float[]) WovenWorld.on(heads, "keep", (Object) floats(1)));
  }

  /** n = 3: l = 0, 1, 2; i = 3, 2 at l = 0 and l = 2, of which only i = 3 goes round. */
  @ParameterizedTest
  @CsvSource({
    "local l begin 1 of 1, 3",
    "local l end 1 of 1, 3",
    "local k begin 1 of 1, 3",
    "local k end 1 of 1, 3",
    "local i begin 1 of 1, 4",
    "local i end 1 of 1, 2",
    "local j begin 1 of 2, 3",
    "local j end 1 of 2, 3",
    "local j begin 2 of 2, 3",
    "local j end 2 of 2, 3",
    "local p begin 1 of 1, 4",
    "local p end 1 of 1, 3"
  })
  void aRoundOfALoopFiresOnceHoweverItEnds(String loop, int fires) {
    world.weave("tap res\n in targets.Runner.rounds\n loop " + loop + "\n value arg 0 as ints\n");
    int[] seen = new int[3];
    int[] plain = new int[3];
    assertEquals(Runner.rounds(plain, 3), world.call("targets.Runner", "rounds", seen, 3));
    assertArrayEquals(plain, seen);
    assertEquals(fires, world.fires().size());
  }

  /** Other compilers than javac put the test at the end and enter there. */
  @Test
  void aLoopWithItsTestAtTheEndIsTheSameLoop() {
    MethodNode run = new MethodNode(Opcodes.ACC_STATIC, "run", "([FI)I", null, null);
    Label body = new Label();
    Label test = new Label();
    run.visitInsn(Opcodes.ICONST_0);
    run.visitVarInsn(Opcodes.ISTORE, 2);
    run.visitJumpInsn(Opcodes.GOTO, test);
    run.visitLabel(body);
    run.visitVarInsn(Opcodes.ALOAD, 0);
    run.visitVarInsn(Opcodes.ILOAD, 2);
    run.visitInsn(Opcodes.FCONST_1);
    run.visitInsn(Opcodes.FASTORE);
    run.visitIincInsn(2, 1);
    run.visitLabel(test);
    run.visitVarInsn(Opcodes.ILOAD, 2);
    run.visitVarInsn(Opcodes.ILOAD, 1);
    run.visitJumpInsn(Opcodes.IF_ICMPLT, body);
    run.visitVarInsn(Opcodes.ILOAD, 2);
    run.visitInsn(Opcodes.IRETURN);
    ClassWriter rotated = new ClassWriter(ClassWriter.COMPUTE_FRAMES);
    rotated.visit(Opcodes.V17, Opcodes.ACC_PUBLIC, "Rotated", null, "java/lang/Object", null);
    run.accept(rotated);
    world.weave(
        "Rotated",
        rotated.toByteArray(),
        Taps.sites(
            """
            tap begin
              in   Rotated.run
              loop slot 2 begin 1 of 1
              value arg 0
              layer slot 2
            tap end
              in   Rotated.run
              loop slot 2 end 1 of 1
              value arg 0
              layer slot 2
            """));
    assertEquals(2, world.call("Rotated", "run", new float[2], 2));
    assertEquals(List.of(list(0, 0), list(1, 0)), world.values("begin"));
    assertEquals(List.of(list(1, 0), list(1, 1)), world.values("end"));
    assertEquals(
        List.of(0, 0, 1, 1), world.fires().stream().map(f -> f.arguments().get(1)).toList());
    world.fires().clear();
    assertEquals(0, world.call("Rotated", "run", new float[2], 0));
    assertEquals(List.of(), world.fires());
  }

  @Test
  void aLoopShowsItsVariableAndItsBodyReplacesThere() {
    world.weave(
        """
        tap res
          in     targets.Shapes.loops
          loop   local l end 1 of 1
          value  arg 0
          layer  local l
        """);
    assertArrayEquals(
        floats(4, 4), (float[]) world.call("targets.Shapes", "loops", floats(1, 1), 3));
    assertEquals(List.of(list(1, 1), list(2, 2), list(4, 4)), world.values("res"));
    assertEquals(List.of(0, 1, 2), world.fires().stream().map(f -> f.arguments().get(1)).toList());
    world.replace("res", x -> floats(100));
    assertArrayEquals(
        floats(100), (float[]) world.call("targets.Shapes", "loops", floats(1, 1), 3));
  }

  @Test
  void whatLiesOnTheStackIsReplacedUnderWideValues() {
    world.weave(
        """
        tap res
          in     targets.Shapes.wide
          before call Ops.add 1 of 1
          value  stack 1
          layer  stack
        """);
    world.replace("res", x -> floats(20, 40));
    // {1, 1} += 10 + 0.5 * {20, 40}: {21, 31}; plus 0.5
    Object shapes = world.construct("targets.Shapes");
    assertEquals(52.5f, WovenWorld.on(shapes, "wide", (Object) floats(2, 4)));
    assertEquals(List.of(list(2, 4), 0), world.fired());
  }

  @Test
  void theReceiverOfACallIsAtHandBeforeAndBehindIt() {
    world.weave(
        """
        tap before
          in     targets.Heads.latest
          before call Heads.twice 1 of 1
          value  call this as any
        tap after
          in     targets.Heads.latest
          after  call Heads.twice 1 of 1
          value  call this.kept
          cache  call arg 0
        """);
    Object heads = world.construct("targets.Heads");
    assertArrayEquals(
        floats(24), (float[]) world.call("targets.Heads", "latest", heads, floats(1)));
    assertEquals(List.of(heads), world.values("before"));
    assertEquals(List.of(heads, list(12)), world.fires().get(1).arguments());
    Object other = world.construct("targets.Heads");
    world.replace("before", x -> other);
    world.call("targets.Heads", "latest", heads, floats(1));
    assertSame(other, world.values("after").get(1));
  }

  @Test
  void aLambdaIsFoundByItsOrder() {
    world.weave(
        """
        tap head
          in     targets.Heads.forward lambda 1 of 2
          after  call Block.scale 1 of 1
          value  return
          layer  local h
        tap inner
          in     targets.Heads.forward lambda 2 of 2 lambda 1 of 1
          after  store local y 1 of 1
          value  local y
          layer  arg 0
        """);
    Object heads = world.construct("targets.Heads");
    assertArrayEquals(floats(10), (float[]) WovenWorld.on(heads, "forward", floats(1), 3));
    assertEquals(List.of(list(2), list(4)), world.values("head"));
    assertEquals(List.of(list(6)), world.values("inner"));
    assertEquals(List.of(0, 1, 3), world.fires().stream().map(f -> f.arguments().get(1)).toList());
    world.replace("head", x -> floats(100));
    assertArrayEquals(floats(106), (float[]) WovenWorld.on(heads, "forward", floats(1), 3));
  }

  @Test
  void aCallCanBeLeftOut() {
    world.weave(
        """
        tap half
          in     targets.Block.nested
          around call Block.scale 1 of 2
          value  return like call arg 0
          layer  this.layer
          cache  call arg 0
        """);
    assertTrue(world.fit().assignable());
    assertEquals("[F", world.fit().type());
    Object block = world.construct("targets.Block", 4);
    assertEquals(18f, WovenWorld.on(block, "nested", (Object) floats(1, 2)));
    assertEquals(List.of(list(1, 2), 2f, block, list(1, 2)), world.fired());
    world.replace("half", arguments -> floats(1, 1));
    assertEquals(6f, WovenWorld.on(block, "nested", (Object) floats(1, 2)));
  }

  @Test
  void aCallThatWritesIntoItsArgumentCanBeLeftOut() {
    world.weave(
        """
        tap add
          in     targets.Runner.forward
          around call Ops.accumulate 1 of 2
          value  call arg 0
          layer  local l
        tap given
          in     targets.Runner.forward
          before call Ops.accumulate 1 of 2
          value  call arg 1
        tap done
          in     targets.Runner.forward
          after  call Ops.accumulate 1 of 2
          value  call arg 0
        """);
    assertArrayEquals(floats(480, -48), run());
    assertEquals(
        List.of("given", "add", "done", "given", "add", "done"),
        world.fires().stream().map(WovenWorld.Fire::site).toList());
    assertEquals(List.of(list(3, -3), list(3, -3), 0), world.fires().get(1).arguments());
    assertEquals(List.of(list(6, -6)), world.fires().get(2).arguments());
    world.replace("add", arguments -> null);
    // Only the second addition of layers 0 and 2 is made: x is doubled twice.
    assertArrayEquals(floats(120, -12), run());
  }

  @Test
  void callsOfEveryKindCanBeLeftOut() {
    world.weave(
        """
        tap virtual
          in     targets.Heads.latest
          around call Heads.keep 1 of 1
          value  return like call arg 0
        tap private
          in     targets.Heads.latest
          around call Heads.twice 1 of 1
          value  return like call arg 0
        tap interface
          in     targets.Heads.forward
          around call Function.apply 1 of 1
          value  return like call arg 0 as any
        """);
    Object heads = world.construct("targets.Heads");
    assertArrayEquals(
        floats(24), (float[]) world.call("targets.Heads", "latest", heads, floats(1)));
    assertArrayEquals(floats(10), (float[]) WovenWorld.on(heads, "forward", floats(1), 3));
    assertEquals(
        List.of(heads, heads),
        world.fires().subList(0, 2).stream().map(f -> f.arguments().get(0)).toList());
    world.replace("private", arguments -> floats(-1));
    assertArrayEquals(
        floats(-1), (float[]) world.call("targets.Heads", "latest", heads, floats(1)));
  }

  @Test
  void aCallOfASuperclassCanBeLeftOut() {
    String source =
        """
        public class Under extends Over {
          float[] f(float[] x) { return super.f(x); }
        }
        class Over {
          float[] f(float[] x) { return new float[] {x[0] + 1}; }
        }
        """;
    Map<String, byte[]> classes = Compiled.source("Under", source, "-g");
    world.with("Over", classes.get("Over"));
    world.weave(
        "Under",
        classes.get("Under"),
        List.of(Taps.site("in Under.f;around call Over.f 1 of 1;value return like call arg 0")));
    Object under = world.construct("Under");
    assertArrayEquals(floats(6), (float[]) WovenWorld.on(under, "f", (Object) floats(5)));
    assertEquals(List.of(under, list(5)), world.fired());
    world.replace("site", arguments -> floats(9));
    assertArrayEquals(floats(9), (float[]) WovenWorld.on(under, "f", (Object) floats(5)));
  }

  @Test
  void aScaledValueGetsItsFactorWhateverItsType() {
    world.weave(
        """
        tap q
          in     targets.Heads.forward
          after  store local q 1 of 1
          value  scaled local q by arg 1
        tap r
          in     targets.Block.scale
          at     exit
          value  scaled return by arg 1
        tap w
          in     targets.Shapes.slots
          at     entry
          value  scaled arg 2 by arg 1
        """);
    Object heads = world.construct("targets.Heads");
    assertArrayEquals(floats(10), (float[]) WovenWorld.on(heads, "forward", floats(1), 3));
    assertEquals(List.of(list(2), 2f), world.fires().get(0).arguments());
    assertEquals(List.of(list(2), 3), world.fires().get(1).arguments());
    world.call("targets.Shapes", "slots", 1L, 0.25, floats(1));
    assertEquals(
        List.of(list(1), 0.25),
        world.fires().stream().filter(f -> f.site().equals("w")).findFirst().get().arguments());
    world.replace("q", x -> floats(0));
    assertArrayEquals(floats(0), (float[]) WovenWorld.on(heads, "forward", floats(1), 3));
  }
}
