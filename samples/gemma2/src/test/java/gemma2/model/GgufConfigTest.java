package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.InputException;
import gemma2.testing.GgufWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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

class GgufConfigTest {

  @TempDir Path folder;

  /** Keys and their values; whole numbers are written as such. */
  private final Map<String, Object> keys = new LinkedHashMap<>();

  GgufConfigTest() {
    keys.put("general.architecture", "gemma2");
    keys.put("gemma2.context_length", 64);
    keys.put("gemma2.embedding_length", 24);
    keys.put("gemma2.block_count", 3);
    keys.put("gemma2.feed_forward_length", 37);
    keys.put("gemma2.attention.head_count", 4);
    keys.put("gemma2.attention.layer_norm_rms_epsilon", 1e-5);
    keys.put("tokenizer.ggml.bos_token_id", 2);
    keys.put("tokenizer.ggml.eos_token_id", 1);
  }

  @Test
  void readsEveryKey() {
    keys.put("gemma2.attention.head_count_kv", 2);
    keys.put("gemma2.attention.key_length", 10);
    keys.put("gemma2.attention.value_length", 10);
    keys.put("gemma2.attention.sliding_window", 5);
    keys.put("gemma2.attn_logit_softcapping", 3.0);
    keys.put("gemma2.final_logit_softcapping", 9.0);
    keys.put("gemma2.rope.freq_base", 500.1);
    keys.put("tokenizer.ggml.eot_token_id", 107);
    Config config = read();
    assertEquals(
        new Config(
            300,
            24,
            37,
            4,
            2,
            10,
            64,
            5,
            List.of(true, false, true),
            10,
            Softcap.at(3),
            Softcap.at(9),
            1e-5,
            500.1,
            true,
            2,
            Set.of(1, 107)),
        config);
  }

  /** As llama.cpp does. */
  @Test
  void knowsWhatMissingKeysMean() {
    Config config = read();
    assertEquals(4, config.kvHeads());
    assertEquals(6, config.headDim());
    assertEquals(4096, config.window());
    assertEquals(Softcap.at(50), config.attentionCap());
    assertEquals(Softcap.at(30), config.logitCap());
    assertEquals(10_000, config.ropeTheta());
    assertEquals(Set.of(1), config.eos());
    assertTrue(config.tied());
  }

  /** 4608 / 32, and not the head's 128. */
  @Test
  void infersTheQueryScaleOf27B() {
    keys.put("gemma2.embedding_length", 4608);
    keys.put("gemma2.attention.head_count", 32);
    keys.put("gemma2.attention.key_length", 128);
    keys.put("gemma2.attention.value_length", 128);
    keys.put("gemma2.block_count", 46);
    assertEquals(144, read().queryScalar());
    keys.put("gemma2.block_count", 42);
    assertEquals(128, read().queryScalar());
  }

  @Test
  void knowsTheEndOfATurnByItsText() {
    GgufWriter writer = writer();
    writer.strings("tokenizer.ggml.tokens", List.of("a", "b", "c", "<end_of_turn>"));
    writer.write(folder.resolve("m.gguf"));
    assertEquals(Set.of(1, 3), Config.read(folder).eos());
  }

  @Test
  void isUntiedWhereThereIsAnOutput() {
    writer().tensor("output.weight", 0, List.of(1), new byte[4]).write(folder.resolve("m.gguf"));
    assertFalse(Config.read(folder).tied());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "general.architecture",
        "gemma2.context_length",
        "gemma2.embedding_length",
        "gemma2.block_count",
        "gemma2.feed_forward_length",
        "gemma2.attention.head_count",
        "gemma2.attention.layer_norm_rms_epsilon",
        "tokenizer.ggml.bos_token_id",
        "tokenizer.ggml.eos_token_id"
      })
  void namesAKeyThatIsMissing(String key) {
    keys.remove(key);
    assertRefused("has no field \"" + key + "\"");
  }

  static Stream<Arguments> wrongKeys() {
    return Stream.of(
        Arguments.of("general.architecture", "llama", "must be the string \"gemma2\""),
        Arguments.of("general.architecture", 7, "but is the number 7"),
        Arguments.of("gemma2.block_count", 0, "a whole number from 1"),
        Arguments.of("gemma2.block_count", 2.5, "but is the number 2.5"),
        Arguments.of("gemma2.block_count", "three", "but is the string"),
        Arguments.of("gemma2.embedding_length", 1 << 30, "a whole number from 1"),
        Arguments.of("gemma2.attention.head_count_kv", 3, "a divisor of the 4 attention heads"),
        Arguments.of("gemma2.attention.key_length", 9, "must be that of"),
        Arguments.of("gemma2.attention.value_length", 12, "must be that of"),
        Arguments.of("gemma2.rope.dimension_count", 12, "must be that of"),
        Arguments.of("gemma2.rope.scaling.type", "linear", "must be the string \"none\""),
        Arguments.of("gemma2.attention.sliding_window_pattern", 6, "must be the number 2"),
        Arguments.of("gemma2.attn_logit_softcapping", 0.0, "a number above zero"),
        Arguments.of("gemma2.rope.freq_base", Double.NaN, "a number above zero"),
        Arguments.of(
            "gemma2.attention.layer_norm_rms_epsilon",
            Double.POSITIVE_INFINITY,
            "a number above zero"),
        Arguments.of("tokenizer.ggml.bos_token_id", 300, "from 0 to 299"),
        Arguments.of("tokenizer.ggml.eot_token_id", 300, "from 0 to 299"));
  }

  @ParameterizedTest
  @MethodSource("wrongKeys")
  void refusesKeysThatMakeNoModel(String key, Object value, String why) {
    keys.put(key, value);
    if (key.endsWith("key_length")) {
      keys.put("gemma2.attention.value_length", 10);
    }
    assertRefused(why);
  }

  @Test
  void refusesHeadsThatCannotBeRotated() {
    keys.put("gemma2.attention.key_length", 9);
    keys.put("gemma2.attention.value_length", 9);
    assertRefused("must be even");
  }

  @Test
  void needsAnEmbedding() {
    Path file = folder.resolve("m.gguf");
    new GgufWriter()
        .string("general.architecture", "gemma2")
        .number("gemma2.embedding_length", GgufWriter.UINT32, 20)
        .number("gemma2.attention.head_count", GgufWriter.UINT32, 4)
        .number("gemma2.block_count", GgufWriter.UINT32, 4)
        .write(file);
    String message = assertThrows(InputException.class, () -> Config.read(file)).getMessage();
    assertTrue(message.contains("there is no tensor token_embd.weight"), message);
  }

  private void assertRefused(String why) {
    String message = assertThrows(InputException.class, this::read).getMessage();
    assertTrue(message.contains(why), message);
    assertTrue(message.contains("m.gguf"), message);
  }

  private Config read() {
    writer().write(folder.resolve("m.gguf"));
    return Config.read(folder.resolve("m.gguf"));
  }

  private GgufWriter writer() {
    GgufWriter writer = new GgufWriter();
    keys.forEach((key, value) -> {
      switch (value) {
        case String text -> writer.string(key, text);
        case Integer number -> writer.number(key, GgufWriter.UINT32, number);
        case Number number -> writer.number(key, GgufWriter.FLOAT32, number.doubleValue());
        default -> throw new IllegalArgumentException(key);
      }
    });
    return writer.tensor("token_embd.weight", 1, List.of(300, 24), new byte[300 * 24 * 2]);
  }
}
