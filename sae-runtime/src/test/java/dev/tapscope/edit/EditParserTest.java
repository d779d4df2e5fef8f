package dev.tapscope.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
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
        Arguments.of("zero mlp.*", new Edit.Zero("mlp.*", Scope.DEFAULT)),
        Arguments.of(
            "mean mlp.4 means.npy", new Edit.Mean("mlp.4", Path.of("means.npy"), Scope.DEFAULT)),
        Arguments.of(
            "mean mlp.* my runs/7 @generated",
            new Edit.Mean("mlp.*", Path.of("my runs/7"), new Scope.Generated())),
        Arguments.of(
            "add res.3 a@b.npy @3..5",
            new Edit.Add("res.3", Path.of("a@b.npy"), new Scope.Range(3, 5))),
        Arguments.of(
            "add res.3 \"my @ file.npy\" @token:\" @1\"",
            new Edit.Add("res.3", Path.of("my @ file.npy"), new Scope.Token(" @1"))),
        Arguments.of(
            "patch res.4 @last from RUN#0@last",
            new Edit.Patch("res.4", new Scope.Last(), donor("RUN", 0, new Scope.Last()))),
        Arguments.of(
            "patch res.* from a#1@b/c d#12@7",
            new Edit.Patch("res.*", Scope.DEFAULT, donor("a#1@b/c d", 12, new Scope.Position(7)))),
        Arguments.of(
            "patch res.4 @2..4 from \"x @ y\"#3@5..7",
            new Edit.Patch(
                "res.4", new Scope.Range(2, 4), donor("x @ y", 3, new Scope.Range(5, 7)))));
  }

  private static Donor donor(String run, int sequence, Scope where) {
    return new Donor(Path.of(run), sequence, where);
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
        Arguments.of("mean", 5, "an address"),
        Arguments.of("mean mlp.4", 11, "a file or run folder"),
        Arguments.of("mean mlp.4 @last", 12, "a scope stands where there should be a file"),
        Arguments.of("add res.3 \"f.npy", 11, "do not end"),
        Arguments.of("add res.3 \"\" @last", 11, "a path is missing"),
        Arguments.of("add res.3 f.npy @las", 17, "did you mean \"last\"?"),
        Arguments.of("add res.3 \"f.npy\" 2x", 19, "scopes begin with @"),
        Arguments.of("patch", 6, "an address"),
        Arguments.of("patch res.4", 12, "from RUN#SEQUENCE@WHERE"),
        Arguments.of("patch res.4 @last", 18, "from RUN#SEQUENCE@WHERE"),
        Arguments.of("patch res.4 frm RUN#0@last", 13, "did you mean \"from\"?"),
        Arguments.of("patch res.4 from", 17, "a run, such as france#0@last"),
        Arguments.of("patch res.4 from RUN", 18, "names no rows of a run"),
        Arguments.of("patch res.4 from RUN#x@last", 18, "names no rows of a run"),
        Arguments.of("patch res.4 from #0@last", 18, "a path is missing"),
        Arguments.of("patch res.4 from \"RUN\" x#0@1", 23, "after the quoted folder"),
        Arguments.of("patch res.4 from RUN#0@lst", 23, "names no row to take"),
        Arguments.of("patch res.4 from RUN#0@prompt", 23, "names no row to take"),
        Arguments.of("patch res.4 from RUN#0@7..3", 23, "ends before it begins"),
        Arguments.of("patch res.4 from RUN#0@2..3", 23, "the same length on both sides"),
        Arguments.of("patch res.4 @4 from RUN#0@2..3", 26, "the same length on both sides"),
        Arguments.of("patch res.4 @1..3 from RUN#0@2..3", 29, "are 2 rows"),
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
        Arguments.of("steer l9/76 40 @token:\"Paris", 16, "do not end"),
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

  @Test
  void relativePathsAreTakenFromAFolder() {
    Path folder = Path.of("/runs");
    assertEquals("mean mlp.4 /runs/m.npy", Edit.parse("mean mlp.4 m.npy").in(folder).toString());
    assertEquals("add res.3 /v.npy @1", Edit.parse("add res.3 /v.npy @1").in(folder).toString());
    assertEquals(
        "patch res.4 @last from /runs/a#0@last",
        Edit.parse("patch res.4 @last from a#0@last").in(folder).toString());
    assertEquals("zero mlp.4", Edit.parse("zero mlp.4").in(folder).toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"zebra", "x", ""})
  void hintsOnlyAtWhatIsNear(String word) {
    assertEquals("", Nearest.hint(word, List.of("steer", "ablate")));
  }
}
