package dev.tapscope.attach;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.io.NpyBytes;
import dev.tapscope.recording.RunFiles;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Edits without an SAE, by hand. The model's rows are (2, 4) at BOS and position 1, (2, -1) at
 * positions 2 and 3; 3 is generated. The donor run has the texts "BOS a b" with the rows (9, 9),
 * (3, 4), (6, 8), b generated, and "BOS c" with (9, 9), (0, 1).
 */
final class RowEditsTest {
  private static final int BOS = 2;
  private static final Map<Integer, String> TEXTS = Map.of(BOS, "<bos>", 7, " Paris", 8, " is");
  private static final Pass PROMPT = new Pass(0, 0, 0, new int[] {BOS, 7, 8}, false, BOS);
  private static final Pass NEXT = new Pass(1, 0, 3, new int[] {7}, true, BOS);

  /** Scopes and the positions they cover, of a prompt of three with BOS and a generated token. */
  static final Map<String, String> SCOPES =
      Map.of(
          "@all", "1 2 3",
          "@all+bos", "0 1 2 3",
          "@prompt", "1 2",
          "@generated", "3",
          "@last", "2",
          "@1", "1",
          "@0", "0",
          "@0..1", "1",
          "@2..3", "2 3",
          "@token:\" Paris\"", "1 3");

  @TempDir Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final FakeRun run = new FakeRun(TEXTS);

  @BeforeEach
  void writeSources() throws IOException {
    RunFiles.writeSmallRun(Files.createDirectories(folder.resolve("donor")));
    npy("v.npy", "(2,)", 0.5f, -3);
    RunFiles.shard()
        .floats("mlp.4", 2, 7, 8)
        .floats("res.3", 0, 0.25f, 6)
        .writeTo(folder.resolve("means.safetensors"));
  }

  /** An edit around its scope, and the rows it makes of (2, 4) and of (2, -1). */
  private record Case(String before, String after, float[] of24, float[] of21) {}

  private static Stream<Case> cases() {
    return Stream.of(
        new Case("zero res.3", "", row(0, 0), row(0, 0)),
        new Case("mean res.3 DIR/v.npy", "", row(0.5f, -3), row(0.5f, -3)),
        new Case("mean res.3 DIR/means.safetensors", "", row(0.25f, 6), row(0.25f, 6)),
        // ((3, 4) + (6, 8) + (0, 1)) / 3
        new Case("mean res.3 DIR/donor", "", row(3, 13 / 3f), row(3, 13 / 3f)),
        new Case("add res.3 DIR/v.npy", "", row(2.5f, 1), row(2.5f, -4)),
        new Case("patch res.3", " from DIR/donor#0@last", row(3, 4), row(3, 4)),
        new Case("patch res.3", " from DIR/donor#0@2", row(6, 8), row(6, 8)),
        new Case("patch res.3", " from DIR/donor#1@last", row(0, 1), row(0, 1)),
        new Case("patch res.3", " from DIR/donor#1@0", row(9, 9), row(9, 9)));
  }

  static Stream<Arguments> casesTimesScopes() {
    return cases()
        .flatMap(c ->
            SCOPES.entrySet().stream()
                .map(scope ->
                    Arguments.of(
                        c.before + " " + scope.getKey() + c.after,
                        c.of24,
                        c.of21,
                        scope.getValue())));
  }

  @ParameterizedTest
  @MethodSource("casesTimesScopes")
  void anEditChangesThePositionsOfItsScopeAndNoOther(
      String edit, float[] of24, float[] of21, String covered) {
    float[][] rows = runWith(edit);
    for (int position = 0; position < 4; position++) {
      boolean like24 = position < 2;
      float[] wanted =
          covered.contains(Integer.toString(position))
              ? like24 ? of24 : of21
              : like24 ? row(2, 4) : row(2, -1);
      assertArrayEquals(wanted, rows[position], "position " + position);
    }
    assertEquals(
        covered.split(" ").length, (long) (Long) edits().getFirst().get("rows"), "rows counted");
  }

  @Test
  void withoutAScopeEveryPositionButBosIsEdited() {
    float[][] rows = runWith("patch res.3 from DIR/donor#0@2");
    assertArrayEquals(row(2, 4), rows[0]);
    for (int position = 1; position < 4; position++) {
      assertArrayEquals(row(6, 8), rows[position]);
    }
  }

  @Test
  void rangesGoPositionByPosition() {
    float[][] rows = runWith("patch res.3 @2..3 from DIR/donor#0@1..2");
    assertArrayEquals(row(2, 4), rows[1]);
    assertArrayEquals(row(3, 4), rows[2]);
    assertArrayEquals(row(6, 8), rows[3]);
  }

  /** BOS of the donor would go to BOS of the model, which a range leaves out. */
  @Test
  void aRangeOverBosLeavesBosAndKeepsThePairs() {
    float[][] rows = runWith("patch res.3 @0..2 from DIR/donor#0@0..2");
    assertArrayEquals(row(2, 4), rows[0]);
    assertArrayEquals(row(3, 4), rows[1]);
    assertArrayEquals(row(6, 8), rows[2]);
  }

  @Test
  void editsOfOneAddressAreOneReplacerInTheOrderOfTheirNumbers() {
    float[][] rows =
        runWith("mean res.3 DIR/means.safetensors", "add res.3 DIR/v.npy @1", "zero res.3 @2");
    assertEquals(List.of("res.3 REPLACE"), run.attached());
    assertArrayEquals(row(0.75f, 3), rows[1]);
    assertArrayEquals(row(0, 0), rows[2]);
    assertArrayEquals(row(0.25f, 6), rows[3]);
  }

  @Test
  void anEarlierEditIsSeenByALaterOne() {
    assertArrayEquals(row(0.5f, -3), runWith("zero res.3", "add res.3 DIR/v.npy")[1]);
  }

  @Test
  void aLaterEditHidesAnEarlierOne() {
    assertArrayEquals(row(0, 0), runWith("add res.3 DIR/v.npy", "zero res.3")[1]);
  }

  @Test
  void eachLayerTakesItsOwnRows() throws IOException {
    RunFiles.shard()
        .floats("res.0", 2, 1, 2)
        .floats("res.1", 2, 3, 4)
        .writeTo(folder.resolve("layers.safetensors"));
    install("mean res.* DIR/layers.safetensors");
    float[][] zero = {{8, 8}};
    float[][] one = {{8, 8}};
    float[][] two = {{8, 8}};
    run.fireSelected(NEXT, "res.*", "res.0", 3, zero);
    run.fireSelected(NEXT, "res.*", "res.1", 3, one);
    assertArrayEquals(row(1, 2), zero[0]);
    assertArrayEquals(row(3, 4), one[0]);
    TapscopeException e =
        refused("edit-source", () -> run.fireSelected(NEXT, "res.*", "res.2", 3, two));
    assertTrue(e.getMessage().contains("none is named res.2; there are res.0, res.1"));
    run.close();
    assertEquals(
        List.of(
            "res.0 of %s, 2 values".formatted(folder.resolve("layers.safetensors")),
            "res.1 of %s, 2 values".formatted(folder.resolve("layers.safetensors"))),
        edits().getFirst().get("sources"));
  }

  @Test
  void theOnlyTensorOfAFileServesAnyAddress() throws IOException {
    npy("row.npy", "(1, 2)", 5, 6);
    install("mean res.* DIR/row.npy");
    float[][] rows = {{8, 8}};
    run.fireSelected(NEXT, "res.*", "res.7", 3, rows);
    assertArrayEquals(row(5, 6), rows[0]);
  }

  /** -0 + 0 would be +0: where there is nothing to add, not even the sign changes. */
  @Test
  void addingZeroKeepsEveryBit() throws IOException {
    npy("zero.npy", "(2,)", 0, 0);
    install("add res.3 DIR/zero.npy");
    float[][] rows = {{-0.0f, Float.MIN_VALUE}};
    run.pass(NEXT, "res.3", rows);
    assertEquals(Float.floatToRawIntBits(-0.0f), Float.floatToRawIntBits(rows[0][0]));
    assertEquals(Float.MIN_VALUE, rows[0][1]);
  }

  @Test
  void whatIsUsedIsSaidOnceAndRecorded() {
    runWith("patch res.3 @last from DIR/donor#0@last", "mean mlp.1 DIR/donor");
    Map<?, ?> patch = edits().getFirst();
    Path donor = folder.resolve("donor");
    assertEquals("patch res.3 @last from " + donor + "#0@last", patch.get("edit"));
    assertEquals("last", patch.get("scope"));
    assertEquals(
        List.of("res.3 of " + donor + ", sequence 0, position 1, token \" a\""),
        patch.get("sources"));
    assertEquals(
        "h := row of %s, sequence 0, the last position of the prompt at res.3 on the last position of the prompt"
            .formatted(donor),
        patch.get("formula"));
    assertEquals(1, said().split("edit.1 takes res.3 of", -1).length - 1, said());
    assertTrue(said().contains("edit.2 changed nothing"), said());
    assertFalse(said().contains("BOS, whose rows"), said());
  }

  @Test
  void theCountOfAMeanIsSaid() {
    runWith("mean res.3 DIR/donor @1");
    assertTrue(said().contains("mean over 3 rows of res.3 in " + folder.resolve("donor")), said());
    assertTrue(said().contains("BOS left out"), said());
  }

  @Test
  void whatShouldBeKnownOfADonorIsSaid() throws IOException {
    Path half = Files.createDirectories(folder.resolve("half"));
    RunFiles.shard()
        .metadata("stage", "before")
        .ints("tokens", BOS)
        .longs("tokens.rows", 2, 0, 0)
        .bytes("tokens.generated", 0)
        .halves("res.3", 2, 1.5f, 2)
        .longs("res.3.rows", 3, 0, 0, 0)
        .writeTo(half.resolve("activations-00000.safetensors"));
    float[][] rows = runWith("patch res.3 @1 from DIR/half#0@0");
    assertArrayEquals(row(1.5f, 2), rows[1]);
    assertTrue(said().contains("stored as BF16, so they are rounded"), said());
    assertTrue(said().contains("before that run's own edits"), said());
    assertTrue(said().contains("did not end well"), said());
    assertTrue(said().contains("Position 0 of sequence 0 in " + half + " is BOS"), said());
    refused("run-row", () -> install("patch res.3 @1 from DIR/half#0@last"));
    refused("run-address", () -> install("mean res.3 DIR/half"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mean res.3 DIR/none.npy                 | file-missing   | 1 | no file",
        "mean res.3 DIR                          | run-missing    | 1 | neither run.json nor"
            + " shards",
        "add res.3 DIR/none.safetensors          | file-missing   | 1 | no file",
        "add res.3 DIR/donor                     | edit-source    | 2 | takes one vector",
        "add res.3 DIR/donor/run.json            | edit-source    | 2 | neither .npy nor"
            + " .safetensors",
        "add res.3 DIR/ints.npy                  | npy-dtype      | 1 | I64 where floating-point",
        "add res.3 DIR/cut.npy                   | npy-corrupt    | 1 | holds 8 bytes",
        "add res.3 DIR/matrix.npy                | edit-source    | 1 | the shape [2, 2]",
        "add res.3 DIR/empty.npy                 | edit-source    | 1 | the shape [0]",
        "add res.3 DIR/nan.npy                   | edit-source-nonfinite | 1 | Value 1",
        "patch res.3 from DIR/none#0@last        | run-missing    | 1 | does not exist",
        "patch res.3 from DIR/donor#2@last       | run-sequence   | 1 | it has 0, 1, counted from"
            + " 0",
        "patch res.3 from DIR/donor#0@3          | run-row        | 1 | the positions 0 to 2",
        "patch res.3 @1..2 from DIR/donor#0@2..3 | run-row        | 1 | the positions 0 to 2",
      })
  void sourcesThatCannotBeUsedAreSentencesBeforeTheModelRuns(
      String edit, String id, int exit, String words) throws IOException {
    Files.write(folder.resolve("ints.npy"), NpyBytes.array("<i8", "(2,)", NpyBytes.f8(1, 2)));
    Files.write(folder.resolve("cut.npy"), NpyBytes.array("<f4", "(3,)", NpyBytes.f4(1, 2)));
    npy("matrix.npy", "(2, 2)", 1, 2, 3, 4);
    npy("empty.npy", "(0,)");
    npy("nan.npy", "(2,)", 1, Float.NaN);
    TapscopeException e = refused(id, () -> install(edit));
    assertEquals(exit, e.exit());
    assertTrue(e.getMessage().contains(words), e.getMessage());
    assertTrue(e.getMessage().endsWith("."), e.getMessage());
  }

  /** What an address means is known when it fires. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mean res.4 DIR/means.safetensors  | edit-source | 1 | none is named res.4",
        "mean res.4 DIR/donor              | run-address | 1 | kept no rows of res.4; it has res.3",
        "patch res.4 from DIR/donor#0@1    | run-address | 1 | capture=res.4",
        "mean pattern.4 DIR/v.npy          | edit-width  | 3 | attention heads",
      })
  void addressesWithoutRowsAreSentencesWhenTheyFire(
      String edit, String id, int exit, String words) {
    install(edit);
    String site = edit.split(" ")[1];
    TapscopeException e = refused(id, () -> run.pass(NEXT, site, new float[][] {{2, 4}}));
    assertEquals(exit, e.exit());
    assertTrue(e.getMessage().contains(words), e.getMessage());
    assertTrue(e.getMessage().endsWith("."), e.getMessage());
  }

  @Test
  void anotherWidthIsRefused() {
    install("add res.3 DIR/v.npy");
    TapscopeException e =
        refused("edit-width", () -> run.pass(NEXT, "res.3", new float[][] {{1, 2, 3}}));
    assertEquals(TapscopeException.CHECK, e.exit());
    assertTrue(e.getMessage().contains("rows of 2 values"), e.getMessage());
    assertTrue(e.getMessage().contains("the rows at res.3 have 3"), e.getMessage());
  }

  @Test
  void aSumThatOverflowsIsRefusedAndNothingIsWritten() throws IOException {
    npy("large.npy", "(2,)", 3e38f, 0);
    install("add res.3 DIR/large.npy");
    refused("edit-nonfinite", () -> run.pass(NEXT, "res.3", new float[][] {{3e38f, 1}}));
    assertEquals(0, run.writes);
  }

  private void npy(String name, String shape, float... values) throws IOException {
    Files.write(folder.resolve(name), NpyBytes.array("<f4", shape, NpyBytes.f4(values)));
  }

  /** The four rows after the edits. */
  private float[][] runWith(String... edits) {
    install(edits);
    float[][] prompt = {{2, 4}, {2, 4}, {2, -1}};
    float[][] next = {{2, -1}};
    run.pass(PROMPT, "res.3", prompt);
    run.pass(NEXT, "res.3", next);
    run.close();
    return new float[][] {prompt[0], prompt[1], prompt[2], next[0]};
  }

  private void install(String... edits) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < edits.length; i++) {
      options.put("edit." + (i + 1), edits[i].replace("DIR", folder.toString()));
    }
    new SaeExtension(new PrintStream(err, true, StandardCharsets.UTF_8)).install(run, options);
  }

  private List<Map<?, ?>> edits() {
    return ((List<?>) run.described.get("edits"))
        .stream().<Map<?, ?>>map(e -> (Map<?, ?>) e).toList();
  }

  private String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static float[] row(float... row) {
    return row;
  }

  private static TapscopeException refused(String id, Runnable work) {
    TapscopeException e = assertThrows(TapscopeException.class, work::run);
    assertEquals(id, e.id(), e.getMessage());
    return e;
  }
}
