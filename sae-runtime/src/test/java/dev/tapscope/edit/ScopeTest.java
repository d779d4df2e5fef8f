package dev.tapscope.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ScopeTest {
  private static final int BOS = 2;
  private static final Map<Integer, String> TEXTS =
      Map.of(2, "<bos>", 7, " Paris", 8, " is", 9, ".");

  private static final Pass PROMPT = new Pass(0, 0, 0, new int[] {BOS, 7, 8, 7}, false, BOS);
  private static final Pass GENERATED = new Pass(1, 0, 4, new int[] {9, 7}, true, BOS);

  @ParameterizedTest
  @CsvSource({
    "@all, 1 2 3, 4 5",
    "@all+bos, 0 1 2 3, 4 5",
    "@prompt, 1 2 3, ''",
    "@generated, '', 4 5",
    "@last, 3, ''",
    "@0, 0, ''",
    "@2, 2, ''",
    "@5, '', 5",
    "@0..1, 1, ''",
    "@2..4, 2 3, 4",
    "'@token:\" Paris\"', 1 3, 5",
    "'@token:\"<bos>\"', 0, ''",
    "'@token:\"Paris\"', '', ''"
  })
  void coversExactlyThesePositions(String scope, String ofPrompt, String ofGenerated) {
    Scope parsed = Edit.parse("ablate l9/76 " + scope).scope();
    assertEquals(ofPrompt, covered(parsed, PROMPT));
    assertEquals(ofGenerated, covered(parsed, GENERATED));
  }

  @Test
  void withoutAStatedScopeBosIsLeftOut() {
    assertEquals("1 2 3", covered(Edit.parse("splice l9").scope(), PROMPT));
  }

  @Test
  void aModelWithoutBosLosesNoPosition() {
    Pass pass = new Pass(0, 0, 0, new int[] {7, 8}, false, -1);
    assertEquals("0 1", covered(Scope.DEFAULT, pass));
  }

  @Test
  void theLastPositionOfAPromptInPiecesIsRefused() {
    Pass second = new Pass(1, 0, 4, new int[] {7, 8}, false, BOS);
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> covered(new Scope.Last(), second));
    assertEquals("scope-last", e.id());
    assertTrue(e.getMessage().contains("@5"), e.getMessage());
  }

  private static String covered(Scope scope, Pass pass) {
    List<String> positions =
        IntStream.range(pass.start(), pass.start() + pass.rows())
            .filter(p -> scope.covers(pass, p, TEXTS::get))
            .mapToObj(Integer::toString)
            .toList();
    return String.join(" ", positions);
  }
}
