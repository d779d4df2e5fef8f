package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.Site;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.objectweb.asm.ClassReader;

/**
 * Method sizes and what HotSpot makes of them. Static {@code run(float[] x)} of {@code
 * source(floods)} has {@code 4 + 3 * floods} bytes by the JVM specification's instruction lengths:
 * aload_0, areturn, then iinc (3 bytes) for each {@code i++} and iconst_0, istore_1 for {@code int
 * i = 0}. A tap of {@code arg 0} at entry adds 7: aload_0 (1), invokedynamic (5), astore_0 (1).
 */
class SizeTest {
  private static final List<Site> ENTRY = List.of(Taps.site("in Long.run;at entry;value arg 0"));

  private static byte[] source(int floods) {
    String source =
        "public class Long { static float[] run(float[] x) { int i = 0; "
            + "i++; ".repeat(floods)
            + "return x; } }";
    return Compiled.source("Long", source).get("Long");
  }

  @Test
  void sizesAreThoseOfTheCodeAttribute() {
    Map<String, Integer> sizes = CodeSizes.of(new ClassReader(source(100)));
    assertEquals(Map.of("<init>()V", 5, "run([F)[F", 304), sizes);
  }

  @ParameterizedTest
  @CsvSource({"2000, 6004, 6011, true", "2662, 7990, 7997, true", "2663, 7993, 8000, false"})
  void aMethodIsNotTakenOutOfTheCompilersReach(int floods, int before, int after, boolean fits) {
    Woven woven = Weaver.weave(source(floods), ENTRY, "test");
    assertEquals(fits, woven.bytes().isPresent());
    String sentence = woven.reports().get(0).sentence();
    assertTrue(sentence.contains("" + before), sentence);
    assertTrue(sentence.contains("to " + after), sentence);
    if (!fits) {
      assertEquals("method-size", woven.misfits().get(0).id());
      assertTrue(sentence.contains("only interprets"), sentence);
    }
  }

  @Test
  void aMethodTheCompilerNeverTookIsWovenAndItIsSaid() {
    Woven woven = Weaver.weave(source(3000), ENTRY, "test");
    assertTrue(woven.bytes().isPresent());
    String sentence = woven.reports().get(0).sentence();
    assertTrue(sentence.contains("only interprets it, with or without taps"), sentence);
  }

  @Test
  void aMethodThatWouldBurstTheClassFileIsRefused() {
    Woven woven = Weaver.weave(source(21842), ENTRY, "test");
    assertEquals(Optional.empty(), woven.bytes());
    assertEquals("method-size", woven.misfits().get(0).id());
    String sentence = woven.misfits().get(0).sentence();
    assertTrue(sentence.contains("65535") && sentence.contains("65537"), sentence);
  }

  @ParameterizedTest
  @CsvSource({"104, 316, 323, false", "105, 319, 326, true", "110, 334, 341, false"})
  void crossingTheInliningLimitIsSaid(int floods, int before, int after, boolean said) {
    Woven woven = Weaver.weave(source(floods), ENTRY, "test");
    String sentence = woven.reports().get(0).sentence();
    assertTrue(sentence.contains("grows from " + before + " to " + after + " bytes"), sentence);
    assertEquals(said, sentence.contains("past the 325"), sentence);
    assertFalse(sentence.contains("only interprets"), sentence);
  }
}
