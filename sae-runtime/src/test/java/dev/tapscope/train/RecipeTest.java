package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.Precision;
import dev.tapscope.step.Adam;
import dev.tapscope.step.Sparsity;
import dev.tapscope.step.ThresholdForm;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {
  @TempDir private Path folder;

  /** arXiv 2408.05147, section 3. */
  @Test
  void whatIsNotSaidIsGemmaScopes() {
    Recipe recipe = Recipe.of(Words.of("The test", Map.of("site", "res.3")));
    assertEquals(new Sparsity.L0(), recipe.method().sparsity());
    assertEquals(0.001, recipe.method().bandwidth());
    assertEquals(0.001, recipe.threshold());
    assertEquals(ThresholdForm.LOG, recipe.method().thresholdForm());
    assertEquals(new Adam(0, 0.999, 1e-8), recipe.method().adam());
    assertEquals(OptionalDouble.empty(), recipe.method().clip());
    assertEquals(Precision.EXACT, recipe.method().precision());
    assertEquals(7e-5, recipe.learningRate());
    assertEquals(1000, recipe.rateWarmUp());
    assertEquals(0, recipe.rateDecay());
    assertEquals(10_000, recipe.lambdaWarmUp());
    assertEquals(16_384, recipe.width());
    assertEquals(Recipe.FirstBias.ZERO, recipe.bias());
    assertTrue(recipe.method().preBias());
    assertTrue(recipe.method().unitDecoder());
    Course course = Course.of(Words.of("The test", Map.of("tokens", "4e9")));
    assertEquals(4096, course.batch());
    assertEquals(976_563, course.steps());
    assertTrue(course.normalise());
  }

  @Test
  void aTranscoderHasNoPreBias() {
    Map<String, String> words = new LinkedHashMap<>(Map.of("site", "transcoder_in.5>mlp.5"));
    assertFalse(Recipe.of(Words.of("The test", words)).method().preBias());
    words.put("pre-bias", "yes");
    assertEquals(
        "recipe-value",
        assertThrows(TapscopeException.class, () -> Recipe.of(Words.of("The test", words))).id());
  }

  @ParameterizedTest
  @CsvSource({
    "sparsity, l1, 'SAE a says sparsity=l1, but sparsity must be l0, target-l0 or tanh.'",
    "lr, 0, 'SAE a says lr=0, but lr must be a number above 0.'",
    "lr, fast, 'SAE a says lr=fast, but lr must be a number above 0.'",
    "lr, NaN, 'SAE a says lr=NaN, but lr must be a number above 0.'",
    "lambda, -1, 'SAE a says lambda=-1, but lambda must be a number of at least 0.'",
    "width, 0, 'SAE a says width=0, but width must be a whole number from 1 to 67108864.'",
    "width, 1.5, 'SAE a says width=1.5, but width must be a whole number from 1 to 67108864.'",
    "width, 1e9, 'SAE a says width=1e9, but width must be a whole number from 1 to 67108864.'",
    "width, 1e999999999, 'SAE a says width=1e999999999, but width must be a whole number from 1 to"
        + " 67108864.'",
    "lr-decay, 2, 'SAE a says lr-decay=2, but lr-decay must be a share from 0 to 1.'",
    "beta2, 1, 'SAE a says beta2=1, but beta2 must be a number from 0 to below 1.'",
    "precision, half, 'SAE a says precision=half, but precision must be exact or fast.'",
    "relu-first, maybe, 'SAE a says relu-first=maybe, but relu-first must be yes or no.'",
  })
  void whatIsOutOfRangeIsASentence(String word, String value, String sentence) {
    Words words = Words.of("SAE a", Map.of("site", "res.3", word, value));
    TapscopeException e = assertThrows(TapscopeException.class, () -> Recipe.of(words));
    assertEquals("recipe-value", e.id());
    assertEquals(sentence, e.getMessage());
  }

  @Test
  void saysWhatIsMissingUnknownOrSaidTwice() {
    assertEquals("recipe-missing", refused(() -> Recipe.of(Words.none())));
    assertEquals(
        "recipe-missing",
        refused(() -> Recipe.of(Words.of("A", Map.of("site", "res.3", "sparsity", "target-l0")))));
    assertEquals("recipe-missing", refused(() -> Course.of(Words.none())));
    assertEquals(
        "recipe-value",
        refused(() -> Course.of(Words.of("A", Map.of("steps", "3", "tokens", "4")))));
    assertEquals("recipe-word", refused(() -> Words.of("A", Map.of("widht", "3"))));
  }

  private static String refused(Runnable reading) {
    return assertThrows(TapscopeException.class, reading::run).id();
  }

  @Test
  void spelledOutItIsTheSameRecipe() {
    for (Map<String, String> words :
        List.of(
            Map.of("site", "res.3"),
            Map.of("site", "res.3", "precision", "fast"),
            Map.of("site", "a.1>b.2", "sparsity", "target-l0", "target", "20", "clip", "1"),
            Map.of(
                "site",
                "res.3",
                "sparsity",
                "tanh",
                "bias",
                "mean",
                "threshold-form",
                "direct",
                "relu-first",
                "yes",
                "pre-bias",
                "no",
                "lr",
                "1e-3",
                "seed",
                "-4"))) {
      Recipe recipe = Recipe.of(Words.of("The test", words));
      assertEquals(recipe, Recipe.of(Words.of("Again", recipe.spelled())));
    }
    Course course =
        Course.of(
            Words.of(
                "The test",
                Map.of("steps", "7", "normalise", "no", "batch", "32", "dead-after", "1e5")));
    assertEquals(course, Course.of(Words.of("Again", course.spelled())));
  }

  @Test
  void aFileSaysItInJsonAndFlagsHaveTheLastWord() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("recipe.json"),
            "{\"site\": \"res.3\", \"width\": 1024, \"lr\": 1e-3, \"relu-first\": true}");
    Words flags = Words.of("The command", Map.of("lr", "2e-3"));
    Recipe recipe = Recipe.of(Words.read(file).then(flags));
    assertEquals(1024, recipe.width());
    assertEquals(2e-3, recipe.learningRate());
    assertTrue(recipe.method().reluFirst());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "recipe-unreadable | [1]",
        "recipe-unreadable | {\"width\":",
        "recipe-unreadable | {\"width\": [1]}",
        "recipe-unreadable | {\"width\": null}",
        "recipe-unreadable | {\"lr\": 1, \"lr\": 2}",
        "recipe-word       | {\"widht\": 1}",
      })
  void refusesAFileThatIsNoRecipe(String id, String text) throws IOException {
    Path file = Files.writeString(folder.resolve("recipe.json"), text);
    assertEquals(id, assertThrows(TapscopeException.class, () -> Words.read(file)).id());
  }

  @Test
  void refusesAFileThatIsNotThere() {
    assertEquals("recipe-unreadable", refused(() -> Words.read(folder.resolve("none.json"))));
  }
}
