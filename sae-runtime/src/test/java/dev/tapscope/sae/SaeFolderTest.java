package dev.tapscope.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.io.NpyBytes;
import dev.tapscope.io.SafetensorsWriter;
import dev.tapscope.io.ZipBytes;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class SaeFolderTest {
  @TempDir Path folder;

  @Test
  void opensTheTinyModelsSaeWithStatisticsAndLabels() {
    SaeFolder sae = SaeFolder.open(Fixtures.resSae());
    assertEquals("gemma-scope", sae.sae().format());
    assertEquals(128, sae.sae().inputs());
    assertEquals(1024, sae.sae().features());
    assertFalse(sae.sae().folded());
    assertEquals(List.of(), sae.sae().notes());
    // As sha256sum gives it.
    assertEquals(
        "e3666e9dfca0519fd6ba08acb6ca32dc3eab91fb03f6d3873c48a5b794e018e4", sae.sae().sha256());
    SaeStats stats = sae.stats().orElseThrow();
    assertEquals("40489", stats.metadata().get("n_tokens"));
    assertEquals(29.0575, stats.meanNorm().orElseThrow(), 1e-4);
    // The demo's measured figure: 1.25 times the maximum of feature 76 is 16.98.
    assertEquals(16.98, 1.25 * stats.max(76).orElseThrow(), 0.005);
    assertEquals("France", sae.labels().of(76).orElseThrow().text());
    assertEquals("by hand", sae.labels().of(148).orElseThrow().source());
    assertTrue(sae.labels().of(0).isEmpty());
  }

  @Test
  void aFileAndItsFolderAreTheSameSae() {
    SaeFolder file = SaeFolder.open(Fixtures.resSae().resolve("params.npz"));
    assertEquals(SaeFolder.open(Fixtures.resSae()).sae().sha256(), file.sae().sha256());
    assertTrue(file.stats().isPresent());
    assertTrue(file.labels().of(76).isPresent());
  }

  @Test
  void readsNamesInLowerCaseAndColumnMajorOrder() {
    String fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': %s, }";
    new ZipBytes()
        .entry(
            "w_enc.npy",
            NpyBytes.array(1, fortran.formatted("(2, 3)"), NpyBytes.f4(1, 0, 0, 1, 2, -1)))
        .entry("b_enc.npy", NpyBytes.array("<f4", "(3,)", NpyBytes.f4(0.5f, -1, 0)))
        .entry(
            "w_dec.npy",
            NpyBytes.array(1, fortran.formatted("(3, 2)"), NpyBytes.f4(1, 0, 0.6f, 0, 1, 0.8f)))
        .entry("b_dec.npy", NpyBytes.array("<f8", "(2,)", NpyBytes.f8(10, 20)))
        .entry("threshold.npy", NpyBytes.array("<f2", "(3,)", NpyBytes.f2(1, 1, 3)))
        .deflated()
        .writeTo(folder.resolve("params.npz"));
    SaeWeights weights = SaeFolder.open(folder).sae().weights();
    assertArrayEquals(new float[] {2, -1}, weights.encoderColumn(2));
    assertArrayEquals(new float[] {0.6f, 0.8f}, weights.decoderRow(2));
    assertEquals(20, weights.decoderBias(1));
    assertEquals(3, weights.threshold(2));
    assertEquals(-1, weights.encoderBias(1));
  }

  @Test
  void aTranscoderMayBeWiderAtOneEnd() {
    new SaeFiles()
        .with("W_dec", "(3, 1)", 1, 1, 1)
        .with("b_dec", "(1,)", 7)
        .npz(folder.resolve("params.npz"));
    JumpReluSae sae = SaeFolder.open(folder).sae();
    assertEquals(2, sae.inputs());
    assertEquals(1, sae.outputs());
  }

  @Test
  void aScalingFactorGoesIntoTheDecoderAndThenIntoTheActivations() {
    new SaeFiles().with("scaling_factor", "(3,)", 2, 1, 0.5f).npz(folder.resolve("params.npz"));
    JumpReluSae sae = SaeFolder.open(folder).sae();
    assertTrue(sae.folded());
    assertArrayEquals(new float[] {1, 0}, sae.weights().decoderRow(0));
    assertArrayEquals(new float[] {2, 0}, sae.weights().encoderColumn(0));
    assertEquals(1, sae.weights().encoderBias(0));
    assertEquals(2, sae.weights().threshold(0));
    assertEquals(1.5f, sae.weights().threshold(2), 1e-6);
  }

  @Test
  void thresholdsBelowZeroActAsZeroAndThatIsSaid() {
    new SaeFiles().with("threshold", "(3,)", -1, 0, 3).npz(folder.resolve("params.npz"));
    JumpReluSae sae = SaeFolder.open(folder).sae();
    assertEquals(0, sae.weights().threshold(0));
    assertEquals(
        List.of("1 thresholds below 0 act as 0, because a ReLU comes before the gate."),
        sae.notes());
  }

  static Stream<Arguments> wrongArrays() {
    return Stream.of(
        Arguments.of(new SaeFiles().without("threshold"), "sae-array", "threshold"),
        Arguments.of(new SaeFiles().without("W_dec"), "sae-array", "W_dec"),
        Arguments.of(
            new SaeFiles().with("W_dec", "(2, 3)", 1, 0, 0, 1, 0, 0), "sae-shape", "[2, 3]"),
        Arguments.of(new SaeFiles().with("W_enc", "(6,)", 1, 0, 2, 0, 1, -1), "sae-shape", "[6]"),
        Arguments.of(new SaeFiles().with("W_enc", "(0, 3)"), "sae-shape", "[0, 3]"),
        Arguments.of(new SaeFiles().with("b_enc", "(2,)", 1, 2), "sae-shape", "[2, 3]"),
        Arguments.of(new SaeFiles().with("b_dec", "(3,)", 1, 2, 3), "sae-shape", "b_dec"),
        Arguments.of(new SaeFiles().with("threshold", "(1,)", 1), "sae-shape", "threshold"),
        Arguments.of(
            new SaeFiles().with("threshold", "(3,)", 1, Float.NaN, 1), "sae-nonfinite", "NaN"),
        Arguments.of(
            new SaeFiles().with("W_enc", "(2, 3)", 1, 0, 2, 0, Float.POSITIVE_INFINITY, -1),
            "sae-nonfinite",
            "at place 4"));
  }

  @ParameterizedTest
  @MethodSource("wrongArrays")
  void refusesArraysThatMakeNoSae(SaeFiles files, String id, String sentencePart) {
    files.npz(folder.resolve("params.npz"));
    refused(id, sentencePart);
  }

  @Test
  void saysWhatItFoundInstead() throws IOException {
    refused("sae-format", "an empty folder");
    Files.createFile(folder.resolve("model.safetensors"));
    Files.createFile(folder.resolve("cfg.json"));
    refused("sae-format", "cfg.json, model.safetensors");
    TapscopeException missing =
        assertThrows(TapscopeException.class, () -> SaeFolder.open(folder.resolve("none")));
    assertEquals("sae-missing", missing.id());
    TapscopeException file =
        assertThrows(TapscopeException.class, () -> SaeFolder.open(folder.resolve("cfg.json")));
    assertEquals("sae-format", file.id());
    new SaeFiles().npz(folder.resolve("params.npz"));
    new SaeFiles().safetensors(folder.resolve("sae_weights.safetensors"));
    refused("sae-format", "both");
  }

  @Test
  void statisticsOfAnotherSaeAreRefused() {
    new SaeFiles().npz(folder.resolve("params.npz"));
    float[] three = {1, 2, 3};
    SaeStats.of(three, three, three, Map.of("sae_sha256", "0123456789abcdef"))
        .write(folder.resolve(SaeStats.FILE));
    refusedBeside("stats-mismatch", "0123456789ab");
    float[] two = {1, 2};
    SaeStats.of(two, two, two, Map.of()).write(folder.resolve(SaeStats.FILE));
    refusedBeside("stats-mismatch", "2 features");
    SaeStats.of(three, three, three, Map.of("mean_norm", "2.5"))
        .write(folder.resolve(SaeStats.FILE));
    SaeStats stats = SaeFolder.open(folder).stats().orElseThrow();
    assertEquals(2, stats.density(1).orElseThrow());
    assertEquals(2.5, stats.meanNorm().orElseThrow());
  }

  @Test
  void corruptStatisticsAreRefused() {
    new SaeFiles().npz(folder.resolve("params.npz"));
    Path file = folder.resolve(SaeStats.FILE);
    new SafetensorsWriter().vector("max", new float[3]).writeTo(file);
    refusedBeside("stats-corrupt", "mean_active");
    new SafetensorsWriter()
        .vector("max", new float[3])
        .vector("mean_active", new float[2])
        .vector("density", new float[3])
        .writeTo(file);
    refusedBeside("stats-corrupt", "has 2 values");
    float[] nan = {1, Float.NaN, 1};
    SaeStats.of(nan, nan, nan, Map.of()).write(file);
    refusedBeside("stats-corrupt", "NaN");
    SaeStats.of(new float[3], new float[3], new float[3], Map.of("mean_norm", "large")).write(file);
    refusedBeside("stats-corrupt", "large");
  }

  @Test
  void corruptLabelsAreRefusedWithTheirLine() throws IOException {
    new SaeFiles().npz(folder.resolve("params.npz"));
    Path file = folder.resolve(Labels.FILE);
    String good = "{\"index\":1,\"text\":\"a\"}\n\n";
    for (String bad :
        List.of(
            "{",
            "{\"index\":3,\"text\":\"a\"}",
            "{\"index\":-1,\"text\":\"a\"}",
            "{\"index\":1}",
            "{\"index\":1.5,\"text\":\"a\"}",
            "[]",
            "{\"index\":99999999999,\"text\":\"a\"}")) {
      Files.writeString(file, good + bad);
      refusedBeside("labels-corrupt", "Line 3");
    }
    Files.writeString(file, good);
    assertEquals(new Label(1, "a", ""), SaeFolder.open(folder).labels().of(1).orElseThrow());
  }

  /** What lies beside an SAE is refused when it is read, and the SAE itself can be run. */
  private void refusedBeside(String id, String sentencePart) {
    SaeFolder opened = SaeFolder.open(folder);
    refused(id, sentencePart, id.startsWith("labels") ? opened::labels : opened::stats);
  }

  private void refused(String id, String sentencePart) {
    refused(id, sentencePart, () -> SaeFolder.open(folder));
  }

  private static void refused(String id, String sentencePart, Executable reading) {
    TapscopeException e = assertThrows(TapscopeException.class, reading);
    assertEquals(id, e.id(), e.getMessage());
    assertTrue(e.getMessage().contains(sentencePart), e.getMessage());
  }
}
