package dev.tapscope.census;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.ProfileParser;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.weave.Misfit;
import dev.tapscope.weave.Weaver;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.util.CheckClassAdapter;

class CensusWeaverTest {
  private final Map<String, Integer> numbers = new HashMap<>();

  private CensusWeaver.Result weave(byte[] classFile) {
    return CensusWeaver.weave(
        classFile, Census.KNOWN, place -> numbers.computeIfAbsent(place, p -> numbers.size() + 1));
  }

  private static byte[] target(String name) throws IOException {
    String file = "/" + name.replace('.', '/') + ".class";
    try (InputStream in = CensusWeaverTest.class.getResourceAsStream(file)) {
      return in.readAllBytes();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "targets.TinyModel",
        "targets.TinyModel$Block",
        "targets.TinyModel$Norm",
        "targets.Shapes",
        "targets.Block",
        "targets.Heads",
        "targets.Pooled",
        "targets.Runner"
      })
  void everyPlaceIsOneAProfileCanName(String name) throws IOException {
    byte[] original = target(name);
    CensusWeaver.Result result = weave(original);
    assertFalse(result.places().isEmpty());
    assertEquals(List.of(), result.notes());
    StringWriter complaints = new StringWriter();
    CheckClassAdapter.verify(
        new ClassReader(result.bytes().orElseThrow()),
        getClass().getClassLoader(),
        false,
        new PrintWriter(complaints));
    assertEquals("", complaints.toString());
    for (Place place : result.places()) {
      List<Misfit> misfits = Weaver.weave(original, List.of(site(place)), "census").misfits();
      assertEquals(List.of(), misfits, () -> place + " " + misfits);
    }
    long ids = result.places().stream().map(Place::id).distinct().count();
    assertEquals(result.places().size(), ids);
  }

  /** The tap a person would paste. */
  private static Site site(Place place) {
    String name = place.ids() ? "tokens" : place.number() ? "sampled" : "pasted";
    String tap =
        "tap "
            + name
            + "\n  in "
            + place.method()
            + "\n  "
            + place.at()
            + "\n  value "
            + place.value()
            + "\n"
            + (place.ids() ? "  pos 0\n" : "");
    String tokens = "tap tokens\n  in a.B.c\n  at entry\n  value arg 0\n  pos 0\n";
    return ProfileParser.parse(
            "profile census\n" + (place.ids() ? "" : tokens) + tap, "census.taps")
        .places()
        .stream()
        .filter(s -> s.name().equals(name))
        .reduce((a, b) -> b)
        .orElseThrow();
  }

  @Test
  void everyKindOfPlaceIsFound() throws IOException {
    List<Place> places = weave(target("targets.TinyModel$Block")).places();
    List<String> forward =
        places.stream()
            .filter(p -> p.method().startsWith("targets.TinyModel$Block.forward("))
            .map(p -> p.at() + " | " + p.value() + " | " + p.type() + " | " + p.numbers())
            .toList();
    List<String> expected = new ArrayList<>();
    expected.add("at entry | arg 0 | float[][] | [arg 1]");
    expected.add("after store local row 1 of 1 | local row | float[] | [arg 1]");
    for (String local : List.of("pattern", "mixed", "mid", "normed", "mlp", "out")) {
      String type = local.equals("pattern") ? "float[][][]" : "float[][]";
      expected.add(
          "after store local " + local + " 1 of 1 | local " + local + " | " + type + " | [arg 1]");
    }
    expected.add("at exit | return | float[][] | [arg 1]");
    assertEquals(expected, forward);
  }

  /** A buffer's own methods hand it back once for each number put: no place of theirs is tapped. */
  @Test
  void buffersAreTensorsAndTheirMethodsComputeNone() throws IOException {
    List<String> places =
        weave(target("targets.Pooled")).places().stream()
            .map(p -> p.method().replaceAll(".*\\.|\\(.*", "") + " | " + p.at() + " | " + p.type())
            .toList();
    assertEquals(
        List.of(
            "buffers | after call ByteBuffer.asFloatBuffer() 1 of 1 | FloatBuffer",
            "buffers | after store local buffers 1 of 1 | FloatBuffer[][]",
            "buffers | after store local position 1 of 1 | FloatBuffer[]",
            "buffers | at exit | FloatBuffer[][]"),
        places.stream().filter(place -> place.startsWith("buffers ")).toList());
    assertTrue(
        places.contains("doubled | after store local to 1 of 1 | FloatBuffer"), places::toString);
    assertTrue(places.contains("mix | at entry | FloatBuffer[][]"), places::toString);
    assertTrue(places.stream().noneMatch(p -> p.contains("call FloatBuffer.")), places::toString);
  }

  @Test
  void aMethodPastTheLimitIsLeftOutAndSaid() {
    ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
    writer.visit(Opcodes.V17, Opcodes.ACC_PUBLIC, "demo/Large", null, "java/lang/Object", null);
    method(writer, "large", 2600);
    method(writer, "small", 1);
    writer.visitEnd();
    CensusWeaver.Result result = weave(writer.toByteArray());
    assertEquals(1, result.notes().size(), result.notes()::toString);
    assertTrue(
        result.notes().get(0).startsWith("Method demo.Large.large was left out: with the census"),
        result.notes().get(0));
    assertTrue(result.bytes().isPresent());
    assertTrue(result.places().stream().allMatch(p -> p.method().startsWith("demo.Large.small(")));
  }

  /** {@code float[] name(float[] x) { y = x; y = x; ... return x; }}. */
  private static void method(ClassWriter writer, String name, int stores) {
    MethodVisitor code =
        writer.visitMethod(Opcodes.ACC_PUBLIC | Opcodes.ACC_STATIC, name, "([F)[F", null, null);
    code.visitCode();
    for (int i = 0; i < stores; i++) {
      code.visitVarInsn(Opcodes.ALOAD, 0);
      code.visitVarInsn(Opcodes.ASTORE, 1);
    }
    code.visitVarInsn(Opcodes.ALOAD, 0);
    code.visitInsn(Opcodes.ARETURN);
    code.visitMaxs(0, 0);
    code.visitEnd();
  }

  @Test
  void packagesAreNamedWithOrWithoutThoseBelow() {
    Packages below = Packages.parse("demo.. + other");
    assertTrue(below.hold("demo.A"));
    assertTrue(below.hold("demo.deep.A$B"));
    assertFalse(below.hold("demos.A"));
    assertTrue(below.hold("other.A"));
    assertFalse(below.hold("other.deep.A"));
    assertFalse(below.hold("A"));
    TapscopeException wrong = assertThrows(TapscopeException.class, () -> Packages.parse("demo.*"));
    assertEquals("option-value", wrong.id());
  }
}
