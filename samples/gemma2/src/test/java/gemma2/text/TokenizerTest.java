package gemma2.text;

import static gemma2.testing.TinyTokenizer.BYTES;
import static gemma2.testing.TinyTokenizer.LETTERS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.InputException;
import gemma2.io.JsonWriter;
import gemma2.testing.TinyTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {

  private static final int START_OF_TURN = 4;
  private static final int NEWLINE = 6;
  private static final int NEWLINES = 7;
  private static final int TWO_SPACES = 8;
  private static final int THREE_SPACES = 9;

  // Scores in brackets; the higher merges first.
  private static final int A = LETTERS;
  private static final int B = LETTERS + 1;
  private static final int C = LETTERS + 2;
  private static final int D = LETTERS + 3;
  private static final int SPACE = LETTERS + 4;
  private static final int AB = LETTERS + 5; // -2
  private static final int BC = LETTERS + 6; // -1
  private static final int SPACE_A = LETTERS + 7; // -3
  private static final int ABC = LETTERS + 8; // -4
  private static final int CD = LETTERS + 9; // -1

  @TempDir Path folder;

  static Stream<Arguments> texts() {
    return Stream.of(
        text("a", A),
        text("ab", AB),
        // bc goes first, then a + bc.
        text("abc", ABC),
        // bc and cd are equally good: the left one goes first.
        text("bcd", BC, D),
        text("abcd", ABC, D),
        text("acd", A, CD),
        text(" a", SPACE_A),
        text(" ab", SPACE, AB),
        text("a b", A, SPACE, B),
        text("abab", AB, AB),
        text("ba", B, A),
        // User-defined pieces: whole, the longest first, never merged with others.
        text("  a", TWO_SPACES, A),
        text("     a", THREE_SPACES, TWO_SPACES, A),
        text("    a", THREE_SPACES, SPACE_A),
        text("a\n\n\nb", A, NEWLINES, NEWLINE, B),
        text("a<start_of_turn>b", A, START_OF_TURN, B),
        // A ▁ in the text is no other than a space.
        text("▁a", SPACE_A),
        // Unknown characters become bytes: UTF-8, also beyond 16 bits.
        text("é", BYTES + 0xC3, BYTES + 0xA9),
        text("aéb", A, BYTES + 0xC3, BYTES + 0xA9, B),
        text("😀", BYTES + 0xF0, BYTES + 0x9F, BYTES + 0x98, BYTES + 0x80),
        text("\u0000", BYTES),
        // Half a surrogate pair is U+FFFD.
        text("\uD83Da", BYTES + 0xEF, BYTES + 0xBF, BYTES + 0xBD, A));
  }

  private static Arguments text(String text, int... ids) {
    return Arguments.of(text, ids);
  }

  @ParameterizedTest
  @MethodSource("texts")
  void encodesBySentencePiece(String text, int[] ids) {
    TinyTokenizer.standard().write(folder);
    assertArrayEquals(ids, Tokenizer.find(folder).orElseThrow().encode(text));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void encodesByTokenizerJson(String text, int[] ids) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), json(standardMerges()));
    assertArrayEquals(ids, Tokenizer.find(folder).orElseThrow().encode(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"<bos>", "<eos>", "<pad>", "<unk>", "<0x41>", "a<bos>b"})
  void makesNoControlOrByteTokenFromText(String text) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), json(standardMerges()));
    Tokenizer fromJson = Tokenizer.find(folder).orElseThrow();
    TinyTokenizer.standard().write(folder);
    Tokenizer tokenizer = Tokenizer.find(folder).orElseThrow();
    for (int id : tokenizer.encode(text)) {
      assertTrue(id >= BYTES, "id " + id);
      assertTrue(id != BYTES + 0x41, "the byte A");
    }
    assertArrayEquals(tokenizer.encode(text), fromJson.encode(text));
    assertEquals(text, TextStream.decode(tokenizer, tokenizer.encode(text)));
  }

  @Test
  void makesOneUnknownTokenOfUnknownCharactersWithoutByteFallback() {
    TinyTokenizer.standard().trainer(35, 0).write(folder);
    Tokenizer tokenizer = Tokenizer.find(folder).orElseThrow();
    assertArrayEquals(new int[] {A, 3, B, 3}, tokenizer.encode("aé😀bü"));
  }

  @Test
  void decodesOneToken() {
    TinyTokenizer.standard().write(folder);
    Tokenizer tokenizer = Tokenizer.find(folder).orElseThrow();
    assertEquals(" a", tokenizer.decode(SPACE_A));
    assertEquals("<0x0A>", tokenizer.decode(BYTES + 10));
    assertEquals("<bos>", tokenizer.decode(2));
    assertEquals("   ", tokenizer.decode(THREE_SPACES));
    assertEquals("<283>", tokenizer.decode(283));
    assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(-1));
  }

  static Stream<Arguments> unusableModels() {
    return Stream.of(
        Arguments.of(TinyTokenizer.standard().trainer(3, 1), "is not of type BPE"),
        Arguments.of(TinyTokenizer.standard().normalizer(3, 1), "puts a space in front"),
        Arguments.of(TinyTokenizer.standard().normalizer(4, 1), "removes spaces"),
        Arguments.of(TinyTokenizer.standard().normalizer(5, 0), "does not write spaces as"),
        Arguments.of(TinyTokenizer.standard().charsMap(), "rewrites characters"),
        Arguments.of(TinyTokenizer.standard().trainer(41, 9), "no beginning-of-sequence piece"),
        Arguments.of(TinyTokenizer.standard().trainer(42, 9999), "no end-of-sequence piece"),
        Arguments.of(TinyTokenizer.standard().trainer(40, 2), "no unknown piece"),
        Arguments.of(TinyTokenizer.empty().special().letters(), "has no piece <0x00>"),
        Arguments.of(TinyTokenizer.standard().piece("a", 0, 1), "has the piece a twice"),
        Arguments.of(TinyTokenizer.standard().piece("x", 0, 5), "piece x has type 5"),
        Arguments.of(TinyTokenizer.standard().piece("", 0, 1), "has no text"),
        Arguments.of(TinyTokenizer.standard().piece("x", Float.NaN, 1), "has no score"));
  }

  @ParameterizedTest
  @MethodSource("unusableModels")
  void refusesSentencePieceModelsItCannotFollow(TinyTokenizer model, String why) {
    model.write(folder);
    assertRefused(why);
  }

  @Test
  void refusesEveryTruncatedModelOrReadsWhatIsLeft() throws IOException {
    byte[] whole = TinyTokenizer.standard().bytes();
    Path file = folder.resolve("tokenizer.model");
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(whole, length));
      assertThrows(InputException.class, () -> Tokenizer.find(folder));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ffffffffffffffffffff01", "0aff7f41", "0a0508", "0f", "00", "0a030a01ff"})
  void refusesWhatIsNoProtobuf(String hex) throws IOException {
    Files.write(folder.resolve("tokenizer.model"), java.util.HexFormat.of().parseHex(hex));
    assertRefused("is not a SentencePiece model");
  }

  @Test
  void refusesTokenizerJsonItCannotFollow() throws IOException {
    String good = json(standardMerges());
    String[][] cases = {
      {"\"type\":\"BPE\"", "\"type\":\"Unigram\"", "must be \"BPE\""},
      {"\"content\":\"▁\",\"pattern\"", "\"content\":\"_\",\"pattern\"", "replacement of spaces"},
      {"\"type\":\"Split\"", "\"type\":\"ByteLevel\"", "a split at spaces"},
      {"\"<bos>\"", "\"<s>\"", "no beginning-of-sequence piece"},
      {"\"<0x41>\"", "\"<0xx41>\"", "has no piece <0x41>"},
      {"\"a\":" + A, "\"a\":" + B, "given to"},
      {"\"a\":" + A, "\"a\":99999", "beyond the vocabulary"},
      {"\"merges\":[[\"b\",\"c\"]", "\"merges\":[[\"b\"]", "pairs of pieces"},
      {"\"merges\":[[\"b\",\"c\"]", "\"merges\":[7", "must be an array"},
    };
    for (String[] c : cases) {
      assertTrue(good.contains(c[0]), c[0]);
      Files.writeString(folder.resolve("tokenizer.json"), good.replace(c[0], c[1]));
      assertRefused(c[2]);
    }
  }

  @Test
  void readsMergesOfEitherForm() throws IOException {
    List<Object> joined = new ArrayList<>();
    for (List<String> pair : standardMerges()) {
      joined.add(String.join(" ", pair));
    }
    Files.writeString(folder.resolve("tokenizer.json"), json(joined));
    Tokenizer tokenizer = Tokenizer.find(folder).orElseThrow();
    assertArrayEquals(new int[] {ABC, D}, tokenizer.encode("abcd"));
  }

  @Test
  void findsNothingInAnEmptyFolder() {
    assertTrue(Tokenizer.find(folder).isEmpty());
  }

  private void assertRefused(String why) {
    String message = assertThrows(InputException.class, () -> Tokenizer.find(folder)).getMessage();
    assertTrue(message.contains(why), message);
  }

  /** The merges of {@link TinyTokenizer}, the best first. */
  private static List<List<String>> standardMerges() {
    return List.of(
        List.of("b", "c"),
        List.of("c", "d"),
        List.of("a", "b"),
        List.of("▁", "a"),
        List.of("a", "bc"),
        List.of("ab", "c"));
  }

  /** The vocabulary of {@link TinyTokenizer} as a tokenizer.json. */
  private static String json(List<?> merges) {
    Map<String, Object> vocab = new LinkedHashMap<>();
    List<Object> added = new ArrayList<>();
    String special = "<pad> <eos> <bos> <unk> <start_of_turn> <end_of_turn> \n \n\n ▁▁ ▁▁▁";
    for (String piece : special.split(" ")) {
      added.add(Map.of("id", vocab.size(), "content", piece));
      vocab.put(piece, vocab.size());
    }
    IntStream.range(0, 256).forEach(b -> vocab.put("<0x%02X>".formatted(b), BYTES + b));
    for (String piece : "a b c d ▁ ab bc ▁a abc cd u s e r m o l".split(" ")) {
      vocab.put(piece, vocab.size());
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("unk_token", "<unk>");
    model.put("byte_fallback", true);
    model.put("vocab", vocab);
    model.put("merges", merges);
    Map<String, Object> space = Map.of("String", " ");
    Map<String, Object> normalizer = new LinkedHashMap<>();
    normalizer.put("type", "Replace");
    normalizer.put("content", "▁");
    normalizer.put("pattern", space);
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("added_tokens", added);
    root.put("normalizer", normalizer);
    root.put("pre_tokenizer", Map.of("type", "Split", "pattern", space));
    root.put("model", model);
    return new String(
        JsonWriter.write(root).getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
