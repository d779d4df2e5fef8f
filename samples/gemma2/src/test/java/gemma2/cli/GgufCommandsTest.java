package gemma2.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.Fields;
import gemma2.io.Json;
import gemma2.math.Dtype;
import gemma2.testing.GgufModel;
import gemma2.testing.GgufWriter;
import gemma2.testing.RandomModel;
import gemma2.testing.SentencePieces;
import gemma2.testing.TinyTokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on a GGUF file say what they say on the folder it came from. */
class GgufCommandsTest {

  private static final Path TINY =
      Path.of("..", "..", "test-fixtures", "src", "main", "resources", "tiny-gemma2");

  @TempDir static Path folder;
  @TempDir static Path alone;

  private static Path gguf;

  @BeforeAll
  static void write() {
    RandomModel model = new RandomModel().with("query_pre_attn_scalar", 10).write(folder);
    TinyTokenizer.standard().write(folder);
    GgufWriter writer = GgufModel.of(model, name -> Dtype.F32);
    GgufModel.tokenizer(
        writer,
        SentencePieces.of(TinyTokenizer.standard().bytes()),
        Set.of("<bos>", "<eos>", "<start_of_turn>"));
    writer.number("tokenizer.ggml.eot_token_id", GgufWriter.UINT32, 1);
    gguf = alone.resolve("model.gguf");
    writer.write(gguf);
  }

  private record Outcome(int code, String out, String err) {

    Fields json() {
      return Fields.of("stdout", Json.parse("stdout", out));
    }
  }

  private static Outcome run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    int code = Main.run(args, console);
    return new Outcome(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static Outcome on(Path model, String... command) {
    return run(
        Stream.concat(Stream.of(command), Stream.of("--model", model.toString()))
            .toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "generate --prompt abcd -n 12 --ignore-eos",
        "generate --prompt ab -n 5 --chat --json --temperature 1 --seed 3",
        "score --ids 2,5,7,11,13,17,19,23",
        "tokenize --prompt abcd<start_of_turn>é --json"
      })
  void saysTheSameAsOnTheFolder(String command) {
    String[] words = command.split(" ");
    Outcome wanted = on(folder, words);
    assertEquals(0, wanted.code(), wanted.err());
    for (Path model : new Path[] {gguf, alone}) {
      Outcome outcome = on(model, words);
      assertEquals(0, outcome.code(), outcome.err());
      assertEquals(
          wanted.out().replace(folder.toString(), "MODEL"),
          outcome.out().replace(model.toString(), "MODEL"));
    }
  }

  /** A turn's end ends a generation, and not a text. */
  @Test
  void informsOfWhatEndsAText(@TempDir Path other) throws IOException {
    Path file = other.resolve("tiny.gguf");
    GgufModel.of(TINY).write(file);
    for (Path model : List.of(TINY, file)) {
      Fields facts = on(model, "info", "--json").json();
      assertEquals(List.of(new Json.Num("1"), new Json.Num("6")), facts.array("eos"));
      assertEquals(1, facts.integer("text_end", 0, 9));
      assertEquals(0, facts.integer("padding", 0, 9));
      assertEquals(1024, facts.integer("context", 1, 9999));
    }
  }

  @Test
  void informsOfTheTypesOfTensors(@TempDir Path other) {
    Path file = other.resolve("q.gguf");
    RandomModel model = new RandomModel().with("hidden_size", 32).draw();
    // Rows of 32 numbers in blocks; those of o_proj and down_proj have 30 and 37.
    GgufModel.of(model, name -> name.matches(".*(o|down)_proj.*") ? Dtype.BF16 : Dtype.Q8_0)
        .write(file);
    Outcome info = on(file, "info", "--json");
    assertEquals(0, info.code(), info.err());
    Fields types = info.json().object("tensor_types");
    assertEquals(Set.of("BF16", "F32", "Q8_0"), types.names());
    assertEquals(2 * 3, types.integer("BF16", 0, 99));
    assertEquals(4 * 3 + 1, types.integer("F32", 0, 99));
    assertEquals(5 * 3 + 1, types.integer("Q8_0", 0, 99));
    assertEquals("gguf", info.json().string("format"));
    // 301 rows of norms and embedding, and of each layer 4 norms and 30 + 10 + 10 + 30 + 3 * 37.
    assertEquals(32 * (301 + 3 * (4 + 191)), info.json().integer("parameters", 0, 99_999));
    assertEquals(0, info.json().integer("tokenizer_pieces", 0, 99));
    assertTrue(info.json().find("text_end").isEmpty(), info.out());
    String text = on(file, "info").out();
    assertTrue(text.contains("tensor_types             {BF16=6, F32=13, Q8_0=16}"), text);
    assertTrue(text.matches("(?s).*blk\\.2\\.ffn_gate\\.weight +Q8_0 +\\[37, 32].*"), text);
    Outcome tokens = on(file, "tokenize", "--prompt", "a");
    assertEquals(1, tokens.code());
    assertTrue(tokens.err().contains("nor the metadata of a tokenizer"), tokens.err());
  }

  @Test
  void endsWithOneWhenTheFileCannotBeUsed(@TempDir Path other) {
    Path file = other.resolve("q.gguf");
    new GgufWriter().string("general.architecture", "llama").write(file);
    Outcome outcome = on(file, "info");
    assertEquals(1, outcome.code());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().contains("must be the string \"gemma2\""), outcome.err());
  }
}
