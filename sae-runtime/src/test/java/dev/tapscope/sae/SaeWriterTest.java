package dev.tapscope.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.Npz;
import dev.tapscope.fixtures.SafetensorsFile;
import dev.tapscope.fixtures.Tensor;
import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class SaeWriterTest {
  @TempDir Path folder;

  /** Columns of W_enc (1, 0), (0, 1), (2, -1); decoder rows of unit length. */
  private static SaeWeights.Draft trained() {
    SaeWeights.Draft draft = new SaeWeights.Draft(2, 3, 2);
    draft.encoderRow(0, new float[] {1, 0, 2});
    draft.encoderRow(1, new float[] {0, 1, -1});
    draft.decoderRow(0, new float[] {1, 0});
    draft.decoderRow(1, new float[] {0, 1});
    draft.decoderRow(2, new float[] {0.6f, 0.8f});
    fill(draft.encoderBias(), 0.5f, -1, 0);
    fill(draft.decoderBias(), 1, 2);
    fill(draft.threshold(), 1, 1, 3);
    return draft;
  }

  private static void fill(float[] array, float... values) {
    System.arraycopy(values, 0, array, 0, values.length);
  }

  /** b_enc' = 2 (b_enc - b_dec W_enc) with b_dec W_enc = (1, 2, 0); b_dec and threshold double. */
  @Test
  void foldsWhatTrainingLeavesByHand() {
    SaeWriter writer = SaeWriter.folding(trained(), Convention.of(true, 2));
    writer.writeTo(folder, SaeFormat.GEMMA_SCOPE);
    Npz npz = Npz.read(folder.resolve("params.npz"));
    assertArrayEquals(new int[] {2, 3}, npz.array("W_enc").shape());
    assertArrayEquals(new float[] {1, 0, 2, 0, 1, -1}, npz.array("W_enc").floats());
    assertArrayEquals(new int[] {3, 2}, npz.array("W_dec").shape());
    assertArrayEquals(new float[] {1, 0, 0, 1, 0.6f, 0.8f}, npz.array("W_dec").floats());
    assertArrayEquals(new float[] {-1, -6, 0}, npz.array("b_enc").floats());
    assertArrayEquals(new float[] {2, 4}, npz.array("b_dec").floats());
    assertArrayEquals(new float[] {2, 2, 6}, npz.array("threshold").floats());
    assertEquals(2, writer.notes().size());
  }

  /**
   * x = (8, 4): x / 2 - b_dec = (3, 0), z = (3.5, -1, 6), so f = (3.5, -, 6) and y = 2 (3.5 (1, 0)
   * + 6 (0.6, 0.8) + (1, 2)) = (16.2, 13.6); folded activations are twice those.
   */
  @Test
  void theFoldedSaeSaysTheSameByHand() {
    SaeWriter.folding(trained(), Convention.of(true, 2)).writeTo(folder, SaeFormat.GEMMA_SCOPE);
    saysOfEightAndFour(new float[] {7, 12}, new float[] {16.2f, 13.6f});
  }

  /** D = 6 for the rows that go out: everything of the output's units is three times that. */
  @Test
  void foldsTheTwoScalesOfATranscoderByHand() {
    SaeWriter.folding(trained(), new Convention(false, 2, 6))
        .writeTo(folder, SaeFormat.GEMMA_SCOPE);
    // x / 2 = (4, 2): z = (4.5, 1, 6), and 1 is not above its threshold 1.
    // y = 6 (4.5 (1, 0) + 6 (0.6, 0.8) + (1, 2)) = (54.6, 40.8).
    saysOfEightAndFour(new float[] {27, 36}, new float[] {54.6f, 40.8f});
  }

  /** A decoder row of norm 2 is halved and its activation doubled. */
  @Test
  void givesDecoderRowsUnitLength() {
    SaeWeights.Draft draft = trained();
    draft.decoderRow(0, new float[] {2, 0});
    SaeWriter.folding(draft, Convention.of(true, 2)).writeTo(folder, SaeFormat.GEMMA_SCOPE);
    // y = 2 (3.5 (2, 0) + 6 (0.6, 0.8) + (1, 2)) = (23.2, 13.6).
    saysOfEightAndFour(new float[] {14, 12}, new float[] {23.2f, 13.6f});
  }

  @Test
  void saeLensIsToldWhatIsLeftToIt() throws IOException {
    SaeWriter writer =
        SaeWriter.folding(trained(), Convention.of(true, 2)).unfolded(Convention.of(true, 2));
    writer.metadata("site", "res").metadata("layer", "3").writeTo(folder, SaeFormat.SAELENS);
    SafetensorsFile written = SafetensorsFile.read(folder.resolve("sae_weights.safetensors"));
    assertArrayEquals(new float[] {0.5f, -1, 0}, written.tensor("b_enc").floats());
    assertArrayEquals(new float[] {1, 2}, written.tensor("b_dec").floats());
    assertArrayEquals(new float[] {1, 1, 3}, written.tensor("threshold").floats());
    JsonNode config = json("cfg.json");
    assertTrue(config.get("apply_b_dec_to_input").booleanValue());
    assertEquals("expected_average_only_in", config.get("normalize_activations").stringValue());
    assertEquals("jumprelu", config.get("architecture").stringValue());
    assertEquals(2, config.get("d_in").intValue());
    assertEquals(3, config.get("d_sae").intValue());
    assertEquals("blocks.3.hook_resid_post", config.at("/metadata/hook_name").stringValue());
    assertEquals(4, config.at("/metadata/tapscope/notes").size());
    assertEquals(0.5, json("activation_scaler.json").get("scaling_factor").doubleValue());
    saysOfEightAndFour(new float[] {7, 12}, new float[] {16.2f, 13.6f});
  }

  private void saysOfEightAndFour(float[] activations, float[] reconstruction) {
    SaeWeights weights = SaeFolder.open(folder).sae().weights();
    SparseRows f = Kernels.plain().encode(weights, new float[] {8, 4}, 1);
    assertArrayEquals(new int[] {0, 2}, f.indices(0));
    assertArrayEquals(activations, f.values(0), 1e-5f);
    float[] y = new float[2];
    Kernels.plain().decode(weights, f, y);
    assertArrayEquals(reconstruction, y, 1e-5f);
  }

  @ParameterizedTest
  @EnumSource(SaeFormat.class)
  void everyFormatGivesBackTheSameBits(SaeFormat format) {
    SaeFolder original = SaeFolder.open(Fixtures.resSae());
    SaeWriter.of(original.sae().weights())
        .stats(original.stats().orElseThrow())
        .labels(Fixtures.resSae().resolve(Labels.FILE))
        .writeTo(folder, format);
    SaeFolder read = SaeFolder.open(folder);
    assertEquals(format.word(), read.sae().format());
    assertEquals(List.of(), read.sae().notes());
    assertSameBits(original.sae().weights(), read.sae().weights());
    assertEquals("France", read.labels().of(76).orElseThrow().text());
    SaeStats stats = read.stats().orElseThrow();
    assertEquals(original.stats().orElseThrow().max(76), stats.max(76));
    assertEquals(read.sae().sha256(), stats.metadata().get("sae_sha256"));
  }

  private static void assertSameBits(SaeWeights wanted, SaeWeights got) {
    for (int f = 0; f < wanted.features(); f++) {
      assertArrayEquals(wanted.encoderColumn(f), got.encoderColumn(f));
      assertArrayEquals(wanted.decoderRow(f), got.decoderRow(f));
      assertEquals(wanted.encoderBias(f), got.encoderBias(f));
      assertEquals(wanted.threshold(f), got.threshold(f));
    }
    for (int j = 0; j < wanted.outputs(); j++) {
      assertEquals(wanted.decoderBias(j), got.decoderBias(j));
    }
  }

  /** Golden rows have the same features and, to rounding, the same reconstructions. */
  @Test
  void unfoldedAndReadAgainItSaysTheSameOfGoldenRows() {
    SaeFolder original = SaeFolder.open(Fixtures.resSae());
    SaeWriter.of(original.sae().weights())
        .unfolded(Convention.of(true, 29.36))
        .writeTo(folder, SaeFormat.SAELENS);
    SaeWeights read = SaeFolder.open(folder).sae().weights();
    Tensor rows =
        Npz.read(Fixtures.tinyGemma2().resolve("golden/short.npz")).array("L3.resid_post");
    SparseRows wanted =
        Kernels.plain().encode(original.sae().weights(), rows.floats(), rows.rows());
    SparseRows got = Kernels.plain().encode(read, rows.floats(), rows.rows());
    float[] wantedRows = new float[rows.rows() * read.outputs()];
    float[] gotRows = new float[rows.rows() * read.outputs()];
    Kernels.plain().decode(original.sae().weights(), wanted, wantedRows);
    Kernels.plain().decode(read, got, gotRows);
    for (int r = 0; r < rows.rows(); r++) {
      assertArrayEquals(wanted.indices(r), got.indices(r), "row " + r);
    }
    assertArrayEquals(wantedRows, gotRows, (float) (1e-5 * rows.maxAbs()));
  }

  @Test
  void sparsityIsTheLogarithmOfDensity() {
    float[] density = {0.1f, 0, 1};
    SaeStats stats = SaeStats.of(new float[3], new float[3], density, Map.of());
    SaeWriter.of(trained().finish()).stats(stats).writeTo(folder, SaeFormat.SAELENS);
    assertArrayEquals(
        new float[] {-1, -10, 0},
        SafetensorsFile.read(folder.resolve("sparsity.safetensors")).tensor("sparsity").floats(),
        1e-6f);
  }

  @Test
  void statisticsOfTheSaeThatWasThereGo() {
    SaeStats stats = SaeStats.of(new float[3], new float[3], new float[3], Map.of());
    SaeWriter.of(trained().finish()).stats(stats).writeTo(folder, SaeFormat.SAELENS);
    assertTrue(SaeFolder.open(folder).stats().isPresent());
    SaeWriter.of(trained().finish()).writeTo(folder, SaeFormat.SAELENS);
    assertTrue(SaeFolder.open(folder).stats().isEmpty());
  }

  @ParameterizedTest
  @EnumSource(SaeFormat.class)
  void noFormatHasAPlaceForTwoScales(SaeFormat format) {
    SaeWriter two = SaeWriter.of(trained().finish()).unfolded(new Convention(false, 2, 6));
    refused("sae-convention", () -> two.writeTo(folder, format));
  }

  @ParameterizedTest
  @EnumSource(names = "SAELENS", mode = EnumSource.Mode.EXCLUDE)
  void aFormatWithoutAPlaceForAConventionRefusesIt(SaeFormat format) {
    SaeWriter scaled = SaeWriter.of(trained().finish()).unfolded(Convention.of(false, 2));
    refused("sae-convention", () -> scaled.writeTo(folder, format));
    SaeWriter biased = SaeWriter.of(trained().finish()).unfolded(Convention.of(true, 1));
    refused("sae-convention", () -> biased.writeTo(folder, format));
  }

  @Test
  void whatIsNotFiniteIsNotWritten() {
    SaeWeights.Draft draft = trained();
    draft.encoderColumn(1, new float[] {0, Float.NaN});
    refused("sae-nonfinite", () -> SaeWriter.folding(draft, Convention.FOLDED));
  }

  /** A folder in the way of the temporary file stands for a disk that is full. */
  @ParameterizedTest
  @EnumSource(SaeFormat.class)
  void whatCannotBeWrittenLeavesTheEarlierOne(SaeFormat format) throws IOException {
    Path file = SaeWriter.of(trained().finish()).writeTo(folder, format);
    String before = Sha256.of(file);
    Files.createDirectory(folder.resolve(file.getFileName() + ".tmp"));
    SaeWriter other = SaeWriter.folding(trained(), Convention.of(true, 2));
    refused("file-unwritable", () -> other.writeTo(folder, format));
    assertEquals(before, Sha256.of(file));
    assertTrue(Files.isDirectory(folder.resolve(file.getFileName() + ".tmp")), "was not ours");
  }

  @Test
  void theSameSaeGivesTheSameBytes() {
    Path one = SaeWriter.of(trained().finish()).writeTo(folder.resolve("a"), SaeFormat.GEMMA_SCOPE);
    Path two = SaeWriter.of(trained().finish()).writeTo(folder.resolve("b"), SaeFormat.GEMMA_SCOPE);
    assertEquals(Sha256.of(one), Sha256.of(two));
  }

  @Test
  void picklesAndOtherDictionariesAreRefused() throws IOException {
    Path pickle = Files.createFile(folder.resolve("ae.pt"));
    for (Path path : List.of(folder, pickle)) {
      String sentence = refused("sae-pickle", () -> SaeFolder.open(path));
      assertTrue(sentence.contains("save_file"), sentence);
    }
    Path other =
        SafetensorsBytes.write(
            folder.resolve("ae.safetensors"),
            Stream.of("encoder.weight", "decoder.weight")
                .map(name -> new SafetensorsBytes.Tensor(name, "[1,1]", new float[1]))
                .toList());
    refused("sae-unsupported", () -> SaeFolder.open(other));
  }

  private JsonNode json(String file) throws IOException {
    return new JsonMapper().readTree(Files.readString(folder.resolve(file)));
  }

  private static String refused(String id, Runnable action) {
    TapscopeException e = assertThrows(TapscopeException.class, action::run);
    assertEquals(id, e.id(), e.getMessage());
    return e.getMessage();
  }
}
