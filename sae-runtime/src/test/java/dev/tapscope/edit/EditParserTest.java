package dev.tapscope.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EditParserTest {
  private static final Feature L9 = new Feature("l9", 76);

  static Stream<Arguments> edits() {
    return Stream.of(
        Arguments.of(
            "steer l9/76 1.25x @prompt",
            new Edit.Steer(L9, new Strength(1.25, Strength.Unit.MAX), new Scope.Prompt())),
        Arguments.of("steer l9/76 40", new Edit.Steer(L9, Strength.of(40), Scope.DEFAULT)),
        Arguments.of(
            "steer l9/76 -0.5n @generated",
            new Edit.Steer(L9, new Strength(-0.5, Strength.Unit.NORM), new Scope.Generated())),
        Arguments.of("steer l9/76 0", new Edit.Steer(L9, Strength.of(0), Scope.DEFAULT)),
        Arguments.of("ablate l9/76 @last", new Edit.Ablate(L9, new Scope.Last())),
        Arguments.of(
            "clamp l9/76 60 @5", new Edit.Clamp(L9, Strength.of(60), false, new Scope.Position(5))),
        Arguments.of(
            "clamp-active l9/76 60 @3..7",
            new Edit.Clamp(L9, Strength.of(60), true, new Scope.Range(3, 7))),
        Arguments.of("splice l9", new Edit.Splice("l9", false, Scope.DEFAULT)),
        Arguments.of("splice l9 error @all+bos", new Edit.Splice("l9", true, new Scope.All(true))),
        Arguments.of(
            "zero att.2 @token:\" Paris\"", new Edit.Zero("att.2", new Scope.Token(" Paris"))),
        Arguments.of(
            "ablate l9/76 @token:\"a\\\"b\\\\c\\n\\t\\rd @ e\"",
            new Edit.Ablate(L9, new Scope.Token("a\"b\\c\n\t\rd @ e"))),
        Arguments.of("zero mlp.*", new Edit.Zero("mlp.*", Scope.DEFAULT)));
  }

  @ParameterizedTest
  @MethodSource("edits")
  void readsAndPrintsEveryForm(String text, Edit edit) {
    assertEquals(edit, Edit.parse(text));
    assertEquals(text, edit.toString());
  }

  @Test
  void readsLooseSpacingAndOtherWaysToWriteANumber() {
    assertEquals(Edit.parse("steer l9/76 40"), Edit.parse("  steer   l9/76  +4e1 @all "));
    assertEquals("steer l9/76 0.0001", Edit.parse("steer l9/76 1e-4").toString());
    assertEquals(0.5, ((Edit.Steer) Edit.parse("steer l9/76 .5")).strength().number());
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        Arguments.of("steeer l9/76 40", 1, "did you mean \"steer\"?"),
        Arguments.of("boost l9/76 40", 1, "\"boost\" is no operation"),
        Arguments.of("clamp-activ l9/76 4", 1, "did you mean \"clamp-active\"?"),
        Arguments.of("mean mlp.4 file", 1, "not in this version; there are steer, ablate"),
        Arguments.of("add res.3 file", 1, "not in this version"),
        Arguments.of("patch res.4 @last from RUN#0@last", 1, "not in this version"),
        Arguments.of("", 1, "an operation"),
        Arguments.of("steer", 6, "a feature"),
        Arguments.of("steer l9", 7, "NAME/INDEX"),
        Arguments.of("steer l9/x 40", 7, "NAME/INDEX"),
        Arguments.of("steer l9/-1 40", 7, "NAME/INDEX"),
        Arguments.of("steer l9/99999999999 40", 7, "NAME/INDEX"),
        Arguments.of("steer l9/76", 12, "a value"),
        Arguments.of("steer l9/76 forty", 13, "\"forty\" is no value"),
        Arguments.of("steer l9/76 40y", 13, "\"40y\" is no value"),
        Arguments.of("steer l9/76 1e999", 13, "is no value"),
        Arguments.of("steer l9/76 NaN", 13, "is no value"),
        Arguments.of("steer l9/76 40 prompt", 16, "scopes begin with @"),
        Arguments.of("steer l9/76 40 @promt", 16, "did you mean \"prompt\"?"),
        Arguments.of("steer l9/76 40 @-3", 16, "no scope"),
        Arguments.of("steer l9/76 40 @7..3", 16, "ends before it begins"),
        Arguments.of("steer l9/76 40 @last @prompt", 22, "after the end"),
        Arguments.of("steer l9/76 40 @token:Paris", 16, "double quotes"),
        Arguments.of("steer l9/76 40 @token:\"Paris", 16, "does not end"),
        Arguments.of("steer l9/76 40 @token:\"a\\qb\"", 25, "after \\"),
        Arguments.of("splice l9/76", 8, "without / and @"),
        Arguments.of("splice l9 eror", 11, "did you mean \"error\"?"),
        Arguments.of("zero", 5, "an address"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void saysWhereAndWhatWasMeant(String text, int column, String sentencePart) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> Edit.parse(text));
    assertEquals("edit-syntax", e.id());
    assertEquals(TapscopeException.USAGE, e.exit());
    assertTrue(e.getMessage().contains(sentencePart), e.getMessage());
    assertTrue(e.getMessage().contains("column " + column + ":"), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"zebra", "x", ""})
  void hintsOnlyAtWhatIsNear(String word) {
    assertEquals("", Nearest.hint(word, List.of("steer", "ablate")));
  }
}
