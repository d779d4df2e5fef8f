package gemma2.text;

import static gemma2.testing.GgufModel.SPECIAL;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.Fields;
import gemma2.io.InputException;
import gemma2.io.Json;
import gemma2.testing.GgufModel;
import gemma2.testing.GgufWriter;
import gemma2.testing.SentencePieces;
import gemma2.testing.SentencePieces.Scored;
import gemma2.testing.TinyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufVocabularyTest {

  private static final Path TINY =
      Path.of("..", "..", "test-fixtures", "src", "main", "resources", "tiny-gemma2");

  @TempDir Path folder;

  @ParameterizedTest
  @MethodSource("gemma2.text.TokenizerTest#texts")
  void encodesAsSentencePieceDoes(String text, int[] ids) {
    assertArrayEquals(ids, tokenizer(standard(), SPECIAL).encode(text));
    assertArrayEquals(ids, tokenizer(standard(), Set.of()).encode(text), "types as in the model");
  }

  @ParameterizedTest
  @ValueSource(strings = {"<bos>", "<eos>", "<pad>", "<unk>", "<0x41>", "a<bos>b"})
  void makesNoControlOrByteTokenFromText(String text) {
    TinyTokenizer.standard().write(folder);
    int[] wanted = Tokenizer.find(folder).orElseThrow().encode(text);
    assertArrayEquals(wanted, tokenizer(standard(), SPECIAL).encode(text));
  }

  @Test
  void decodesAsSentencePieceDoes() {
    TinyTokenizer.standard().write(folder);
    Tokenizer wanted = Tokenizer.find(folder).orElseThrow();
    Tokenizer tokenizer = tokenizer(standard(), SPECIAL);
    assertEquals(wanted.size(), tokenizer.size());
    assertEquals(wanted.bos(), tokenizer.bos());
    assertEquals(wanted.eos(), tokenizer.eos());
    assertEquals(OptionalInt.of(0), wanted.padding());
    assertEquals(wanted.padding(), tokenizer.padding());
    for (int id = 0; id < wanted.size() + 1; id++) {
      assertEquals(wanted.piece(id), tokenizer.piece(id));
    }
  }

  /** The tiny model's own files, the texts of the tests, and texts of its kind. */
  @Test
  void givesTheIdsOfTheTinyModelsFiles(@TempDir Path json) throws IOException {
    Files.copy(TINY.resolve("tokenizer.json"), json.resolve("tokenizer.json"));
    Tokenizer fromJson = Tokenizer.find(json).orElseThrow();
    Tokenizer fromModel = Tokenizer.find(TINY).orElseThrow();
    byte[] model = Files.readAllBytes(TINY.resolve("tokenizer.model"));
    Tokenizer fromGguf = tokenizer(SentencePieces.of(model), SPECIAL);
    assertEquals(fromModel.padding(), fromJson.padding());
    List<String> texts = new ArrayList<>();
    TokenizerTest.texts().forEach(arguments -> texts.add((String) arguments.get()[0]));
    texts.add("<start_of_turn>user\nWhat is 7 + 5?<end_of_turn>\n<mask>  \n\n\n    x");
    for (String line : Files.readAllLines(TINY.resolve("text").resolve("holdout.jsonl"))) {
      texts.add(Fields.of("line", Json.parse("line", line)).string("text"));
    }
    assertTrue(texts.size() > 100);
    for (String text : texts) {
      int[] ids = fromModel.encode(text);
      assertArrayEquals(ids, fromGguf.encode(text), text);
      assertArrayEquals(ids, fromJson.encode(text), text);
      assertEquals(TextStream.decode(fromModel, ids), TextStream.decode(fromGguf, ids));
    }
  }

  @Test
  void padsWithPiecesThatNeverComeFromText() {
    List<Scored> pieces = new ArrayList<>(standard());
    pieces.add(new Scored("[PAD283]", -10000, 5));
    Tokenizer tokenizer = tokenizer(pieces, SPECIAL);
    assertEquals(284, tokenizer.size());
    assertEquals("[PAD283]", TextStream.decode(tokenizer, tokenizer.encode("[PAD283]")));
    assertEquals(8, tokenizer.encode("[PAD283]").length);
  }

  @Test
  void findsTheUnknownPieceByItsTypeWhereNoKeyNamesIt() {
    GgufWriter writer = new GgufWriter().string("tokenizer.ggml.model", "llama");
    writer.strings("tokenizer.ggml.tokens", List.of("<unk>", "<bos>", "<eos>", "a"));
    writer.numbers("tokenizer.ggml.scores", GgufWriter.FLOAT32, List.of(0, 0, 0, -1));
    writer.numbers("tokenizer.ggml.token_type", GgufWriter.INT32, List.of(2, 3, 3, 1));
    writer.number("tokenizer.ggml.bos_token_id", GgufWriter.UINT32, 1);
    writer.number("tokenizer.ggml.eos_token_id", GgufWriter.UINT32, 2);
    assertArrayEquals(new int[] {3, 0, 3}, open(writer).encode("aéüa"));
    assertEquals(OptionalInt.empty(), open(writer).padding(), "no key names it either");
  }

  static Stream<Arguments> unusable() {
    return Stream.of(
        Arguments.of("tokenizer.ggml.model\" must be \"llama\"", sound("gpt2", "")),
        Arguments.of("puts a space in front", flag("tokenizer.ggml.add_space_prefix", 1)),
        Arguments.of("removes spaces", flag("tokenizer.ggml.remove_extra_whitespaces", 1)),
        Arguments.of(
            "rewrites characters",
            sound("llama", "")
                .numbers("tokenizer.ggml.precompiled_charsmap", GgufWriter.UINT8, List.of(1, 2))),
        Arguments.of("begin without BOS", flag("tokenizer.ggml.add_bos_token", 0)),
        Arguments.of("ends every text with EOS", flag("tokenizer.ggml.add_eos_token", 1)),
        Arguments.of("no field \"tokenizer.ggml.tokens\"", sound("llama", "tokens")),
        Arguments.of("no field \"tokenizer.ggml.scores\"", sound("llama", "scores")),
        Arguments.of("no field \"tokenizer.ggml.token_type\"", sound("llama", "token_type")),
        Arguments.of("no field \"tokenizer.ggml.bos_token_id\"", sound("llama", "bos_token_id")),
        Arguments.of(
            "one for each of the 4 tokens",
            sound("llama", "scores")
                .numbers("tokenizer.ggml.scores", GgufWriter.FLOAT32, List.of(0, 0))),
        Arguments.of(
            "must be an array of numbers, but is the number NaN",
            sound("llama", "scores")
                .numbers(
                    "tokenizer.ggml.scores",
                    GgufWriter.FLOAT32,
                    Collections.nCopies(4, Float.NaN))),
        Arguments.of(
            "a whole number from 1 to 6",
            sound("llama", "token_type")
                .numbers("tokenizer.ggml.token_type", GgufWriter.INT32, List.of(2, 3, 3, 7))),
        Arguments.of(
            "must be a string",
            sound("llama", "tokens")
                .numbers("tokenizer.ggml.tokens", GgufWriter.INT32, List.of(2, 3, 3, 7))),
        Arguments.of(
            "piece 3 has no text",
            sound("llama", "tokens")
                .strings("tokenizer.ggml.tokens", List.of("<unk>", "<bos>", "<eos>", ""))),
        Arguments.of(
            "has the piece <bos> twice",
            sound("llama", "tokens")
                .strings("tokenizer.ggml.tokens", List.of("<unk>", "<bos>", "<eos>", "<bos>"))),
        Arguments.of(
            "from 0 to 3",
            sound("llama", "bos_token_id")
                .number("tokenizer.ggml.bos_token_id", GgufWriter.UINT32, 4)));
  }

  private static GgufWriter flag(String key, int value) {
    return sound("llama", "").number(key, GgufWriter.BOOL, value);
  }

  /** A tokenizer of four pieces, one of its keys left out. */
  private static GgufWriter sound(String model, String without) {
    GgufWriter writer = new GgufWriter().string("tokenizer.ggml.model", model);
    if (!without.equals("tokens")) {
      writer.strings("tokenizer.ggml.tokens", List.of("<unk>", "<bos>", "<eos>", "a"));
    }
    if (!without.equals("scores")) {
      writer.numbers("tokenizer.ggml.scores", GgufWriter.FLOAT32, List.of(0, 0, 0, -1));
    }
    if (!without.equals("token_type")) {
      writer.numbers("tokenizer.ggml.token_type", GgufWriter.INT32, List.of(2, 3, 3, 1));
    }
    if (!without.equals("bos_token_id")) {
      writer.number("tokenizer.ggml.bos_token_id", GgufWriter.UINT32, 1);
    }
    return writer.number("tokenizer.ggml.eos_token_id", GgufWriter.UINT32, 2);
  }

  @ParameterizedTest
  @MethodSource("unusable")
  void refusesTokenizersItCannotFollow(String why, GgufWriter writer) {
    String message = assertThrows(InputException.class, () -> open(writer)).getMessage();
    assertTrue(message.contains(why), message);
    assertTrue(message.contains("m.gguf"), message);
  }

  @Test
  void findsNothingWhereTheMetadataSaysNothing() {
    new GgufWriter().write(folder.resolve("m.gguf"));
    assertTrue(Tokenizer.find(folder).isEmpty());
  }

  private static List<Scored> standard() {
    return SentencePieces.of(TinyTokenizer.standard().bytes());
  }

  private Tokenizer tokenizer(List<Scored> pieces, Set<String> special) {
    GgufWriter writer = new GgufWriter();
    writer.number("tokenizer.ggml.bos_token_id", GgufWriter.UINT32, 2);
    writer.number("tokenizer.ggml.eos_token_id", GgufWriter.UINT32, 1);
    GgufModel.tokenizer(writer, pieces, special);
    return open(writer);
  }

  private Tokenizer open(GgufWriter writer) {
    Path file = folder.resolve("m.gguf");
    writer.write(file);
    return Tokenizer.find(file).orElseThrow();
  }
}
