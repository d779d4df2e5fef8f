package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.InputException;
import gemma2.math.PlainKernels;
import gemma2.testing.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTest {

  @TempDir Path folder;

  @Test
  void readsEveryField() {
    Config config = read(new RandomModel());
    assertEquals(300, config.vocabSize());
    assertEquals(22, config.hiddenSize());
    assertEquals(37, config.feedForwardSize());
    assertEquals(3, config.layers());
    assertEquals(3, config.heads());
    assertEquals(1, config.kvHeads());
    assertEquals(10, config.headDim());
    assertEquals(10, config.kvWidth());
    assertEquals(64, config.contextLength());
    assertEquals(5, config.window());
    assertEquals(List.of(true, false, true), config.sliding());
    assertEquals(7.0, config.queryScalar());
    assertEquals(Softcap.at(3), config.attentionCap());
    assertEquals(Softcap.at(9), config.logitCap());
    assertEquals(1e-5, config.normEps());
    assertEquals(500.0, config.ropeTheta());
    assertTrue(config.tied());
    assertEquals(2, config.bos());
    assertEquals(Set.of(1), config.eos());
  }

  @Test
  void readsNewerConfigs() {
    Config config =
        read(
            new RandomModel()
                .without("rope_theta")
                .with("rope_parameters", Map.of("rope_theta", 700, "rope_type", "default"))
                .with("tie_word_embeddings", false)
                .with("eos_token_id", List.of(1, 7))
                .with("layer_types", List.of("full_attention", "full_attention", "full_attention"))
                .without("sliding_window"));
    assertEquals(700.0, config.ropeTheta());
    assertFalse(config.tied());
    assertEquals(Set.of(1, 7), config.eos());
    assertEquals(List.of(false, false, false), config.sliding());
  }

  @Test
  void keepsItsFirstLayersOnly() {
    Config config = read(new RandomModel());
    Config two = config.withLayers(2);
    assertEquals(List.of(true, false), two.sliding());
    assertEquals(2, two.layers());
    assertEquals(config, config.withLayers(3));
    assertThrows(IllegalArgumentException.class, () -> config.withLayers(0));
    assertThrows(IllegalArgumentException.class, () -> config.withLayers(4));
  }

  @Test
  void takesTheEndsOfTextsFromTheGenerationConfig() throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [1, 107]}");
    assertEquals(Set.of(1, 107), read(new RandomModel()).eos());
  }

  @Test
  void takesNullForNoCap() throws IOException {
    new RandomModel().with("attn_logit_softcapping", 12345).writeConfig(folder);
    Path file = folder.resolve("config.json");
    Files.writeString(file, Files.readString(file).replace("12345", "null"));
    assertEquals(Softcap.NONE, Config.read(folder).attentionCap());
    float[] uncapped = new float[1];
    Softcap.NONE.apply(new PlainKernels(), new float[] {777}, 0, uncapped, 0, 1);
    assertEquals(777f, uncapped[0]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model_type",
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "max_position_embeddings",
        "sliding_window",
        "query_pre_attn_scalar",
        "attn_logit_softcapping",
        "final_logit_softcapping",
        "rms_norm_eps",
        "rope_theta",
        "bos_token_id",
        "eos_token_id"
      })
  void namesAFieldThatIsMissing(String field) {
    assertRefused(new RandomModel().without(field), "has no field \"" + field + "\"");
  }

  static Stream<Arguments> wrongFields() {
    return Stream.of(
        Arguments.of("model_type", "llama", "must be \"gemma2\""),
        Arguments.of("hidden_activation", "gelu", "must be \"gelu_pytorch_tanh\""),
        Arguments.of("hidden_size", 0, "a whole number from 1"),
        Arguments.of("hidden_size", -3, "but is the number -3"),
        Arguments.of("hidden_size", 2.5, "but is the number 2.5"),
        Arguments.of("hidden_size", "wide", "but is the string \"wide\""),
        Arguments.of("hidden_size", 1L << 40, "a whole number from 1"),
        Arguments.of("head_dim", 9, "must be even"),
        Arguments.of("num_key_value_heads", 2, "a divisor of the 3 attention heads"),
        Arguments.of("num_key_value_heads", 6, "from 1 to 3"),
        Arguments.of("rms_norm_eps", 0, "a number above zero"),
        Arguments.of("query_pre_attn_scalar", -1, "a number above zero"),
        Arguments.of("layer_types", List.of("sliding_attention"), "each of the 3 layers"),
        Arguments.of("layer_types", List.of("chunked_attention"), "\"full_attention\""),
        Arguments.of("attention_bias", true, "must be false"),
        Arguments.of("rope_scaling", Map.of("type", "linear"), "must be absent"),
        Arguments.of("quantization_config", Map.of("bits", 4), "must be absent"),
        Arguments.of(
            "rope_parameters", Map.of("rope_type", "yarn", "rope_theta", 1), "\"default\""),
        Arguments.of("bos_token_id", 300, "from 0 to 299"),
        Arguments.of("eos_token_id", List.of(1, 300), "from 0 to 299"));
  }

  @ParameterizedTest
  @MethodSource("wrongFields")
  void refusesFieldsThatMakeNoModel(String field, Object value, String why) {
    assertRefused(new RandomModel().with(field, value), why);
  }

  @Test
  void refusesWhatIsNoFolder() {
    String message =
        assertThrows(InputException.class, () -> Config.read(folder.resolve("none"))).getMessage();
    assertTrue(message.contains("is not a folder that can be read"), message);
    assertThrows(InputException.class, () -> Config.read(folder));
  }

  private Config read(RandomModel model) {
    model.writeConfig(folder);
    return Config.read(folder);
  }

  private void assertRefused(RandomModel model, String why) {
    String message = assertThrows(InputException.class, () -> read(model)).getMessage();
    assertTrue(message.contains(why), message);
    assertTrue(message.contains("config.json"), message);
  }
}
