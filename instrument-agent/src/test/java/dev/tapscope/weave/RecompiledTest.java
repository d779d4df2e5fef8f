package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.Site;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One profile against what compilers make of one source and of its next versions: a site fits, and
 * then shows what it showed, or it is refused with a sentence that says what to write.
 */
class RecompiledTest {
  /** {@code ((x * 2 * 3) * 2 * 3) + 1}, by two layers and a last step; x = 1 gives 37. */
  private static final String SOURCE =
      """
      import java.util.function.UnaryOperator;
      public class Model {
        static final class Weights {
          final float[][] pre = {{2}, {2}};
          final float[] post = {3};
        }
        static float[] norm(float[] x, float[] w) {
          return new float[] {x[0] * w[0]};
        }
        static UnaryOperator<float[]> early() {
          /*lambda elsewhere*/
          return null;
        }
        static float[] run(Weights w, float[] x) {
          /*call*/
          /*lambda here*/
          for (int l = 0; l < 2; l++) {
            x = norm(x, w.pre[l]);
            UnaryOperator<float[]> last = v -> norm(v, w.post);
            x = last.apply(x);
          }
          UnaryOperator<float[]> step = v -> new float[] {v[0] + 1};
          return step.apply(x);
        }
      }
      """;

  private static final String BY_FIELD =
      "in Model.run;after call Model.norm fed by Weights.pre 1 of 1;value return;"
          + "layer index of call arg 1";
  private static final String IN_LAMBDA =
      "in Model.run lambda 1 of 2;after call Model.norm fed by Weights.post 1 of 1;value return";
  private static final String BY_ORDINAL =
      "in Model.run;after call Model.norm 1 of 1;value return;layer index of call arg 1";

  private static byte[] model(String change, String... options) {
    String source = change.isEmpty() ? SOURCE : replaced(change);
    return compiled(source, options);
  }

  private static byte[] compiled(String source, String... options) {
    return Compiled.source("Model", source, options).get("Model");
  }

  /** {@code MARK=TEXT}. */
  private static String replaced(String change) {
    int equals = change.indexOf('=');
    String mark = "/*" + change.substring(0, equals) + "*/";
    assertTrue(SOURCE.contains(mark), mark);
    return SOURCE.replace(mark, change.substring(equals + 1));
  }

  private static List<Object> shown(byte[] classFile, String lines, String... options) {
    List<Site> sites = List.of(Taps.site(lines));
    try (WovenWorld world = new WovenWorld()) {
      world.with("Model$Weights", Compiled.source("Model", SOURCE, options).get("Model$Weights"));
      world.weave("Model", classFile, sites);
      Object weights = world.construct("Model$Weights");
      float[] result = (float[]) world.call("Model", "run", weights, new float[] {1});
      assertEquals(37f, result[0]);
      return world.fires().stream().<Object>map(WovenWorld.Fire::arguments).toList();
    }
  }

  private static final List<Object> LAYERS =
      List.of(List.of(List.of(2f), 0), List.of(List.of(12f), 1));
  private static final List<Object> LAST = List.of(List.of(List.of(6f)), List.of(List.of(36f)));

  @ParameterizedTest
  @ValueSource(strings = {"-g", "-g:none", "-g:source,lines", "-g:vars"})
  void withOrWithoutDebugInformation(String option) {
    byte[] classFile = model("", option);
    assertEquals(LAYERS, shown(classFile, BY_FIELD));
    assertEquals(LAST, shown(classFile, IN_LAMBDA));
    assertEquals(LAYERS, shown(classFile, BY_ORDINAL));
    Site plain = Taps.site("in Model.run;at entry;value arg 1");
    assertEquals(Fingerprint.of(model(""), plain), Fingerprint.of(classFile, plain));
  }

  @Test
  void anUnrelatedCallIsNoConcernOfASiteChosenByField() {
    byte[] classFile = model("call=norm(x, w.post);");
    assertEquals(LAYERS, shown(classFile, BY_FIELD));
    Misfit misfit = MisfitSentences.misfit(classFile, BY_ORDINAL);
    assertEquals("call-count", misfit.id());
    assertEquals(
        "Wanted 1 of 1 call of Model.norm in Model.run; found 2, at line 15, line 18. Look at"
            + " which is meant and write: after call Model.norm 1 of 2.",
        misfit.sentence());
  }

  @Test
  void aSecondCallFedByTheSameFieldIsRefused() {
    Misfit misfit = MisfitSentences.misfit(model("call=norm(x, w.pre[1]);"), BY_FIELD);
    assertEquals(
        "Wanted 1 of 1 call of Model.norm fed by Weights.pre in Model.run; found 2, at line 15,"
            + " line 18. Look at which is meant and write: after call Model.norm fed by Weights.pre"
            + " 1 of 2.",
        misfit.sentence());
  }

  @Test
  void aFieldThatFeedsNothingAnyMoreIsRefused() {
    byte[] classFile = compiled(SOURCE.replace("w.pre[l]", "w.post"));
    Misfit misfit = MisfitSentences.misfit(classFile, BY_FIELD);
    assertEquals("call-count", misfit.id());
    assertEquals(
        "Wanted 1 of 1 call of Model.norm fed by Weights.pre in Model.run; found none: the 1 call"
            + " is fed at line 18 by Model$Weights.post. Write: after call Model.norm fed by"
            + " Model$Weights.post 1 of 1.",
        misfit.sentence());
  }

  @Test
  void aLambdaOfAnotherMethodBeforeItIsNoConcern() {
    byte[] classFile = model("lambda elsewhere=UnaryOperator<float[]> other = v -> v;");
    assertEquals(LAST, shown(classFile, IN_LAMBDA));
    assertEquals(LAYERS, shown(classFile, BY_FIELD));
  }

  /**
   * A lambda in an overload that stands before it gives its own the names {@code lambda$run$1} and
   * {@code lambda$run$2}, whatever the javac.
   */
  @Test
  void theNumbersInTheNamesOfLambdasAreNoConcern() {
    byte[] then = model("", "-g");
    byte[] now =
        compiled(
            SOURCE.replace(
                "static float[] run(",
                "static UnaryOperator<float[]> run() { return v -> v; } static float[] run("),
            "-g");
    assertFalse(names(then).contains("lambda$run$2"));
    assertTrue(names(now).contains("lambda$run$2"));
    String method = "Model.run(Weights, float[])";
    assertEquals(LAST, shown(now, IN_LAMBDA.replace("Model.run", method)));
    Site run = Taps.site(BY_FIELD.replace("Model.run", method));
    assertEquals(Fingerprint.of(then, run), Fingerprint.of(now, run));
  }

  private static String names(byte[] classFile) {
    return new String(classFile, StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({"-g", "-g:none"})
  void aLambdaBeforeItInTheSameMethodIsRefused(String option) {
    byte[] classFile = model("lambda here=UnaryOperator<float[]> other = v -> v;", option);
    assertEquals(LAYERS, shown(classFile, BY_FIELD));
    Misfit misfit = MisfitSentences.misfit(classFile, IN_LAMBDA);
    assertEquals("lambda-count", misfit.id());
    assertTrue(
        misfit.sentence().startsWith("Wanted 1 of 2 lambdas in Model.run; found 3, at "),
        misfit.sentence());
    assertTrue(misfit.sentence().endsWith("write: lambda 1 of 3."), misfit.sentence());
  }

  @Test
  void aMethodReferenceIsNoLambda() {
    byte[] classFile =
        model("lambda here=UnaryOperator<float[]> other = java.util.Objects::requireNonNull;");
    assertEquals(LAST, shown(classFile, IN_LAMBDA));
    byte[] references =
        compiled(
            SOURCE
                .replace("v -> norm(v, w.post)", "Model::same")
                .replace("v -> new float[] {v[0] + 1}", "Model::same")
                .replace(
                    "static UnaryOperator",
                    "static float[] same(float[] x) { return x; }" + " static UnaryOperator"));
    String sentence = MisfitSentences.misfit(references, IN_LAMBDA).sentence();
    assertEquals(
        "Wanted 1 of 2 lambdas in Model.run; found none. Method references are no lambdas; for"
            + " Model::same tap the method itself. Tap the method itself, or the one that makes"
            + " the lambda.",
        sentence);
  }

  /** Without {@code -g} javac gives equal lambdas one body. */
  @Test
  void equalLambdasThatShareABodyAreRefused() {
    String same = SOURCE.replace("v -> new float[] {v[0] + 1}", "v -> norm(v, w.post)");
    Misfit misfit = MisfitSentences.misfit(compiled(same, "-g:none"), IN_LAMBDA);
    assertEquals("lambda-shared", misfit.id());
    assertTrue(misfit.sentence().contains("2 equal lambdas share it"), misfit.sentence());
    assertTrue(misfit.sentence().contains("Compile the class with -g"), misfit.sentence());
    Woven apart = Weaver.weave(compiled(same, "-g"), List.of(Taps.site(IN_LAMBDA)), "test");
    assertEquals(List.of(), apart.misfits());
  }

  @Test
  void aBodyThatChangedIsRefusedWhereItsFingerprintIsStated() {
    Site plain = Taps.site(BY_FIELD);
    String then = Fingerprint.of(model("", "-g"), plain);
    for (String option : List.of("-g", "-g:none")) {
      assertEquals(LAYERS, shown(model("", option), BY_FIELD + ";body " + then));
    }
    byte[] changed = model("call=norm(x, w.post);");
    String now = Fingerprint.of(changed, plain);
    assertNotEquals(then, now);
    Misfit misfit = MisfitSentences.misfit(changed, BY_FIELD + ";body " + then);
    assertEquals("body-changed", misfit.id());
    assertTrue(
        misfit.sentence().startsWith("Wanted the body of Model.run with the fingerprint " + then),
        misfit.sentence());
    assertTrue(misfit.sentence().endsWith("write: body " + now + "."), misfit.sentence());
    assertEquals(LAYERS, shown(changed, BY_FIELD + ";body " + now));
  }

  /** A number in a constant, a name, a jump: each is another body. */
  @ParameterizedTest
  @CsvSource({"l < 2, l <= 1", "v[0] + 1, v[0] + 2", "w.pre[l], w.pre[l + 0]", "l++, l += 2"})
  void aFingerprintTellsBodiesApart(String from, String to) {
    assertTrue(SOURCE.contains(from), from);
    byte[] changed = compiled(SOURCE.replace(from, to));
    Site run = Taps.site(BY_FIELD);
    Site step = Taps.site("in Model.run lambda 2 of 2;at entry;value arg 0");
    boolean same =
        Fingerprint.of(model(""), run).equals(Fingerprint.of(changed, run))
            && Fingerprint.of(model(""), step).equals(Fingerprint.of(changed, step));
    assertFalse(same);
    Site early = Taps.site("in Model.early;at exit;value return");
    assertEquals(Fingerprint.of(model(""), early), Fingerprint.of(changed, early));
  }
}
