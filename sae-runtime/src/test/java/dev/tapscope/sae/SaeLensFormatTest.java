package dev.tapscope.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SaeLensFormatTest {
  @TempDir Path folder;

  @Test
  void readsVersionSixAsItIs() throws IOException {
    config(
        "{'architecture':'jumprelu','apply_b_dec_to_input':false,'normalize_activations':'none',"
            + "'reshape_activations':'none','metadata':{'sae_lens_version':'6.18.0'}}");
    weights(new SaeFiles());
    JumpReluSae sae = SaeFolder.open(folder).sae();
    assertEquals("saelens", sae.format());
    assertFalse(sae.folded());
    assertArrayEquals(new float[] {2, -1}, sae.weights().encoderColumn(2));
    assertEquals(0.5f, sae.weights().encoderBias(0));
  }

  /**
   * Before version 6 the bias came off the input unless the configuration said otherwise: z = (x -
   * b_dec) W_enc + b_enc, with b_dec (10, 20) and the columns (1, 0), (0, 1), (2, -1).
   */
  @Test
  void readsOldConfigurationsWithTheirDefaults() throws IOException {
    config(
        "{'architecture':'jumprelu','hook_point':'blocks.3.hook_resid_post',"
            + "'activation_fn_str':'relu','normalize_activations':false}");
    weights(new SaeFiles());
    JumpReluSae sae = SaeFolder.open(folder).sae();
    assertEquals(0.5f - 10, sae.weights().encoderBias(0));
    assertEquals(-1 - 20, sae.weights().encoderBias(1));
    assertEquals(0, sae.weights().encoderBias(2));
    assertEquals(2, sae.notes().size());
    assertTrue(sae.notes().getFirst().contains("apply_b_dec_to_input; taken as true"));
  }

  /** What version 6 leaves out is its class's default: true, but false for a transcoder. */
  @Test
  void readsVersionSixWithItsDefaults() throws IOException {
    weights(new SaeFiles());
    config("{'architecture':'jumprelu','metadata':{'sae_lens_version':'6.18.0'}}");
    assertEquals(0.5f - 10, SaeFolder.open(folder).sae().weights().encoderBias(0));
    config("{'architecture':'jumprelu_transcoder','metadata':{'sae_lens_version':'6.18.0'}}");
    JumpReluSae transcoder = SaeFolder.open(folder).sae();
    assertEquals(0.5f, transcoder.weights().encoderBias(0));
    assertTrue(transcoder.notes().getFirst().contains("taken as false"));
  }

  /** A training file may hold logarithms: e^0 is 1, e^1.0986123 is 3. */
  @Test
  void readsLogarithmsOfThresholds() throws IOException {
    config("{'architecture':'jumprelu','apply_b_dec_to_input':false,'metadata':{}}");
    weights(new SaeFiles().without("threshold").with("log_threshold", "(3,)", 0, 0, 1.0986123f));
    SaeWeights weights = SaeFolder.open(folder).sae().weights();
    assertEquals(1, weights.threshold(0));
    assertEquals(3, weights.threshold(2), 1e-6f);
  }

  /** Rows of norm 2, 1 and 0.5: activations and thresholds grow by them, xhat stays. */
  @Test
  void foldsToUnitDecoderRowsByHand() throws IOException {
    config("{'architecture':'jumprelu','apply_b_dec_to_input':false,'metadata':{}}");
    weights(new SaeFiles().with("W_dec", "(3, 2)", 0, 2, 0, 1, 0.3f, 0.4f));
    JumpReluSae sae = SaeFolder.open(folder).sae();
    SaeWeights weights = sae.weights();
    assertTrue(sae.folded());
    assertArrayEquals(new float[] {0, 1}, weights.decoderRow(0));
    assertArrayEquals(new float[] {0.6f, 0.8f}, weights.decoderRow(2), 1e-6f);
    assertArrayEquals(new float[] {2, 0}, weights.encoderColumn(0));
    assertArrayEquals(new float[] {1, -0.5f}, weights.encoderColumn(2), 1e-6f);
    assertEquals(1, weights.encoderBias(0));
    assertEquals(2, weights.threshold(0));
    assertEquals(1, weights.threshold(1));
    assertEquals(1.5f, weights.threshold(2), 1e-6f);
    // x = (2, 4): z was (2.5, 3, 0), so f was (2.5, 3, -) and is (5, 3, -).
    SparseRows f = Kernels.plain().encode(weights, new float[] {2, 4}, 1);
    assertArrayEquals(new int[] {0, 1}, f.indices(0));
    assertArrayEquals(new float[] {5, 3}, f.values(0));
    // xhat = 2.5 (0, 2) + 3 (0, 1) + (10, 20), before and after.
    float[] xhat = new float[2];
    Kernels.plain().decode(weights, f, xhat);
    assertArrayEquals(new float[] {10, 28}, xhat);
  }

  /** Trained on 0.5 x: z = (0.5 x) W_enc + b_enc, xhat = (f W_dec + b_dec) / 0.5. */
  @Test
  void foldsAKnownInputScaleByHand() throws IOException {
    config(
        "{'architecture':'jumprelu','apply_b_dec_to_input':true,"
            + "'normalize_activations':'expected_average_only_in','metadata':{}}");
    Files.writeString(folder.resolve("activation_scaler.json"), "{\"scaling_factor\": 0.5}");
    weights(new SaeFiles().with("b_dec", "(2,)", 1, 2));
    JumpReluSae sae = SaeFolder.open(folder).sae();
    // x = (8, 4): 0.5 x - b_dec = (3, 0); z = (3.5, -1, 6); f = (3.5, -, 6).
    // xhat = (3.5 (1, 0) + 6 (0.6, 0.8) + (1, 2)) / 0.5 = (16.2, 13.6).
    SparseRows f = Kernels.plain().encode(sae.weights(), new float[] {8, 4}, 1);
    float[] xhat = new float[2];
    Kernels.plain().decode(sae.weights(), f, xhat);
    assertArrayEquals(new int[] {0, 2}, f.indices(0));
    // In raw units a decoder row of norm 1 / 0.5 is folded to 1, so f doubles.
    assertArrayEquals(new float[] {7, 12}, f.values(0), 1e-5f);
    assertArrayEquals(new float[] {16.2f, 13.6f}, xhat, 1e-5f);
    assertEquals(3, sae.notes().size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'architecture':'gated'}",
        "{'architecture':'topk'}",
        "{}",
        "{'architecture':'jumprelu','normalize_activations':'layer_norm'}",
        "{'architecture':'jumprelu','normalize_activations':'constant_norm_rescale'}",
        "{'architecture':'jumprelu','normalize_activations':'expected_average_only_in'}",
        "{'architecture':'jumprelu','normalize_activations':true}",
        "{'architecture':'jumprelu','finetuning_scaling_factor':true}"
      })
  void refusesWhatItCannotRunExactly(String config) throws IOException {
    config(config);
    weights(new SaeFiles());
    refused("sae-unsupported");
  }

  @Test
  void aTranscoderCannotTakeItsOutputBiasOffItsInput() throws IOException {
    SaeFiles transcoder = new SaeFiles().with("W_dec", "(3, 1)", 1, 1, 1).with("b_dec", "(1,)", 7);
    config("{'architecture':'jumprelu_transcoder','apply_b_dec_to_input':true,'metadata':{}}");
    weights(transcoder);
    refused("sae-unsupported");
    config("{'architecture':'jumprelu_transcoder','apply_b_dec_to_input':false,'metadata':{}}");
    assertEquals(1, SaeFolder.open(folder).sae().outputs());
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "[]", "{'architecture':'jumprelu','apply_b_dec_to_input':'yes'}"})
  void refusesConfigurationsItCannotRead(String config) throws IOException {
    config(config);
    weights(new SaeFiles());
    refused("sae-config");
  }

  @Test
  void aScaleMustBeAPositiveNumber() throws IOException {
    config("{'architecture':'jumprelu','normalize_activations':'expected_average_only_in'}");
    weights(new SaeFiles());
    for (String scaler : List.of("{}", "{\"scaling_factor\": 0}", "{\"scaling_factor\": \"1\"}")) {
      Files.writeString(folder.resolve("activation_scaler.json"), scaler);
      refused("sae-config");
    }
  }

  @Test
  void sparsityGivesDensities() throws IOException {
    config("{'architecture':'jumprelu','metadata':{},'apply_b_dec_to_input':false}");
    weights(new SaeFiles());
    SafetensorsBytes.write(
        folder.resolve("sparsity.safetensors"),
        List.of(new SafetensorsBytes.Tensor("sparsity", "[3]", new float[] {-1, -2, -10})));
    SaeStats stats = SaeFolder.open(folder).stats().orElseThrow();
    assertEquals(0.1, stats.density(0).orElseThrow(), 1e-7);
    assertEquals(0.01, stats.density(1).orElseThrow(), 1e-8);
    assertTrue(stats.max(0).isEmpty());
    assertTrue(stats.meanNorm().isEmpty());
  }

  private void config(String json) throws IOException {
    Files.writeString(folder.resolve("cfg.json"), json.replace('\'', '"'));
  }

  private void weights(SaeFiles files) {
    files.safetensors(folder.resolve("sae_weights.safetensors"));
  }

  private void refused(String id) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> SaeFolder.open(folder));
    assertEquals(id, e.id(), e.getMessage());
  }
}
