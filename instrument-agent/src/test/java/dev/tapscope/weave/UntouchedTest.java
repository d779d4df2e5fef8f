package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.boot.TapBridge;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.util.Textifier;
import org.objectweb.asm.util.TraceMethodVisitor;

/** What weaving must not change. */
class UntouchedTest {
  private static final List<String> TARGETS =
      List.of(
          "targets.Block",
          "targets.Ops",
          "targets.Shapes",
          "targets.Members",
          "targets.Members$Concrete");

  private static List<Object> computations(WovenWorld world) {
    Object block = world.construct("targets.Block", 2);
    Object shapes = world.construct("targets.Shapes");
    Object members = world.construct("targets.Members$Concrete", true);
    float[] x = {0.1f, -3.25f, 1e-30f, Float.NaN, 7};
    List<Supplier<Object>> all =
        List.of(
            () -> WovenWorld.on(block, "forward", x.clone(), 7),
            () -> WovenWorld.on(block, "nested", (Object) x.clone()),
            () -> WovenWorld.on(shapes, "wide", (Object) new float[] {0.3f, 0.7f}),
            () -> WovenWorld.on(shapes, "monitored", (Object) x.clone()),
            () -> WovenWorld.on(members, "apply", x.clone(), 3),
            () -> WovenWorld.on(members, "apply", (Object) x.clone()),
            () -> world.call("targets.Shapes", "spin", (Object) new int[] {3}),
            () -> world.call("targets.Shapes", "loops", x.clone(), 4),
            () -> world.call("targets.Shapes", "guarded", x.clone(), 1),
            () -> world.call("targets.Shapes", "guarded", x.clone(), 99),
            () -> world.call("targets.Shapes", "choose", x.clone(), 0),
            () -> world.call("targets.Shapes", "choose", x.clone(), 1),
            () -> world.call("targets.Shapes", "choose", x.clone(), 9),
            () -> world.call("targets.Shapes", "slots", 3L, 0.1, x.clone()),
            () -> world.call("targets.Shapes", "joined", x.clone(), true),
            () -> world.call("targets.Shapes", "joined", x.clone(), false),
            () -> world.call("targets.Shapes", "widened", (Object) x.clone()),
            () -> world.call("targets.Shapes", "lambda", (Object) x.clone()),
            () -> world.call("targets.Shapes", "sample", (Object) x.clone()),
            () -> world.call("targets.Shapes", "prompt", new int[] {1, 2}, 3, "c"));
    List<Object> results = new ArrayList<>();
    all.forEach(computation -> results.add(bits(computation.get())));
    return results;
  }

  private static Object bits(Object result) {
    if (result instanceof float[] floats) {
      List<Integer> bits = new ArrayList<>();
      for (float f : floats) {
        bits.add(Float.floatToRawIntBits(f));
      }
      return bits;
    }
    if (result instanceof Float f) {
      return Float.floatToRawIntBits(f);
    }
    return result instanceof int[] ints ? Arrays.stream(ints).boxed().toList() : result;
  }

  /**
   * Every site there is, in every target, with a bridge nobody links: the same results, bit for
   * bit.
   */
  @Test
  void wovenAndUnlinkedIsUnwoven() {
    List<Object> expected;
    try (WovenWorld plain = new WovenWorld()) {
      expected = computations(plain);
    }
    try (WovenWorld woven = new WovenWorld()) {
      int sites = 0;
      for (String target : TARGETS) {
        byte[] bytes = Compiled.onClassPath(target);
        EverySite every = EverySite.of(bytes);
        woven.weave(target, bytes, every.fitting());
        sites += every.fitting().size();
      }
      assertTrue(sites > 150, sites + " sites");
      TapBridge.linkWith(null);
      assertEquals(expected, computations(woven));
      assertEquals(List.of(), woven.fires());
    }
  }

  /** The same with a linker whose handles pass the value through: every site fires. */
  @Test
  void wovenAndReadIsUnwoven() {
    List<Object> expected;
    try (WovenWorld plain = new WovenWorld()) {
      expected = computations(plain);
    }
    try (WovenWorld woven = new WovenWorld()) {
      for (String target : TARGETS) {
        byte[] bytes = Compiled.onClassPath(target);
        woven.weave(target, bytes, EverySite.of(bytes).fitting());
      }
      assertEquals(expected, computations(woven));
      assertTrue(woven.fires().size() > 250, woven.fires().size() + " fires");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-g", "-g:none"})
  void methodsWithoutASiteAreTheSame(String debug) {
    String source =
        """
        public class Mixed {
          static float[] tapped(float[] x) { return x; }
          static Runnable other(Object o) {
            try {
              return switch (o.hashCode()) { case 1 -> () -> o.notify(); default -> o::notify; };
            } finally {
              System.gc();
            }
          }
        }
        """;
    for (Map.Entry<String, byte[]> file : Compiled.source("Mixed", source, debug).entrySet()) {
      byte[] woven =
          Weaver.weave(
                  file.getValue(), List.of(Taps.site("in Mixed.tapped;at entry;value arg 0")), "p")
              .bytes()
              .orElseThrow();
      Map<String, String> before = texts(file.getValue());
      Map<String, String> after = texts(woven);
      assertEquals(before.keySet(), after.keySet());
      for (String method : before.keySet()) {
        if (method.startsWith("tapped")) {
          assertNotEquals(before.get(method), after.get(method));
        } else {
          assertEquals(before.get(method), after.get(method));
        }
      }
    }
  }

  private static Map<String, String> texts(byte[] bytes) {
    ClassNode node = new ClassNode();
    new ClassReader(bytes).accept(node, 0);
    Map<String, String> texts = new TreeMap<>();
    for (MethodNode method : node.methods) {
      Textifier text = new Textifier();
      method.accept(new TraceMethodVisitor(text));
      StringWriter out = new StringWriter();
      text.print(new PrintWriter(out));
      texts.put(method.name + method.desc, out.toString());
    }
    return texts;
  }

  @Test
  void theInputIsNotChangedAndTheResultIsAlwaysTheSame() {
    byte[] bytes = Compiled.onClassPath("targets.Shapes");
    byte[] copy = bytes.clone();
    EverySite every = EverySite.of(bytes);
    byte[] first = Weaver.weave(bytes, every.fitting(), "p").bytes().orElseThrow();
    byte[] second = Weaver.weave(bytes, every.fitting(), "p").bytes().orElseThrow();
    assertArrayEquals(copy, bytes);
    assertArrayEquals(first, second);
  }

  /** The weaver names the bridge by string, so that it can work where there is none. */
  @Test
  void theBootstrapIsThatOfTheBridge() throws ReflectiveOperationException {
    assertEquals(TapBridge.class.getName().replace('.', '/'), Insertion.BOOTSTRAP.getOwner());
    assertEquals(
        MethodType.methodType(
                CallSite.class,
                MethodHandles.Lookup.class,
                String.class,
                MethodType.class,
                String.class,
                String.class)
            .toMethodDescriptorString(),
        Insertion.BOOTSTRAP.getDesc());
    assertEquals(
        CallSite.class,
        TapBridge.class
            .getMethod(
                Insertion.BOOTSTRAP.getName(),
                MethodHandles.Lookup.class,
                String.class,
                MethodType.class,
                String.class,
                String.class)
            .getReturnType());
  }
}
