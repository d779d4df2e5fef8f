package gemma2.cli;

import static gemma2.cli.Outcome.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.Fields;
import gemma2.testing.RandomModel;
import gemma2.testing.TinyTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {

  @TempDir static Path folder;
  @TempDir static Path files;

  @BeforeAll
  static void write() {
    new RandomModel().write(folder);
    TinyTokenizer.standard().write(folder);
  }

  private static Outcome runOn(String command, String... args) {
    return run(
        Stream.concat(Stream.of(command, "--model", folder.toString()), Stream.of(args))
            .toArray(String[]::new));
  }

  static Stream<Arguments> wrongCommandLines() {
    String model = "--model=" + folder;
    return Stream.of(
        usage("A command is needed: generate, score, tokenize, info, bench"),
        usage("There is no command \"generat\". Did you mean generate?", "generat"),
        usage("There is no command \"xyzzy\". See", "xyzzy"),
        usage("There is no option --modle. Did you mean --model?", "info", "--modle", "x"),
        usage("\"text\" is not an option", "generate", "text"),
        usage("--model DIR needs a value", "info", "--model"),
        usage("--json takes no value", "info", model, "--json=yes"),
        usage("--json is given twice", "info", model, "--json", "--json"),
        usage("--model is needed", "info"),
        usage("and none is given", "generate", model),
        usage("--prompt and --ids are given", "score", model, "--ids=2", "--prompt=a"),
        usage("--chat goes with --prompt", "generate", model, "--ids", "2", "--chat"),
        usage("-n must be a whole number of at least 0", "generate", model, "--ids=2", "-n", "x"),
        usage("-n must be a whole number of at least 0", "generate", model, "--ids=2", "-n", "-1"),
        usage("--top-p must be a number", "generate", model, "--ids=2", "--top-p", "0"),
        usage("--temperature must be", "generate", model, "--ids=2", "--temperature", "NaN"),
        usage("--seed must be a whole number", "generate", model, "--ids=2", "--seed", "x"),
        usage("--bos must be one of auto, yes, no", "score", model, "--ids=2", "--bos", "maybe"),
        usage("--kernels must be one of", "info", model, "--kernels", "fast"),
        usage("--threads must be", "info", model, "--threads", "0"),
        usage("a list of token ids such as 2,17,9", "score", model, "--ids", "2,,3"),
        usage("--window must be at most", "score", model, "--ids=2,3", "--window", "65"),
        usage("--layers must be at most the model's 3", "score", model, "--ids=2,3", "--layers=4"),
        usage("--layers must be a whole number", "generate", model, "--ids=2", "--layers=0"),
        usage("--stride must be below", "score", model, "--ids=2,3", "--stride", "64"));
  }

  private static Arguments usage(String why, String... args) {
    return Arguments.of(why, List.of(args));
  }

  @ParameterizedTest
  @MethodSource("wrongCommandLines")
  void endsWithTwoWhenTheCommandLineIsWrong(String why, List<String> args) {
    Outcome outcome = run(args.toArray(String[]::new));
    assertEquals(2, outcome.code(), outcome.err());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().contains(why), outcome.err());
  }

  static Stream<Arguments> unusableInputs() throws IOException {
    return Stream.of(
        Arguments.of("The prompt \"prompt\" is empty", List.of("--prompt", "")),
        Arguments.of("The prompt is empty", List.of("--prompt", "", "--chat")),
        Arguments.of("has 65 tokens, but the model's context has 64", longPrompt()),
        Arguments.of("id 300 of prompt \"ids\" is not in", List.of("--ids", "2,300")),
        Arguments.of("there is no such file", List.of("--text", "/none/such")),
        Arguments.of("is a folder", List.of("--text", files.toString())),
        Arguments.of("is not UTF-8", List.of("--text", file("latin", new byte[] {(byte) 0xE9}))),
        Arguments.of("is not valid JSON", List.of("--messages", file("bad", "[{]"))),
        Arguments.of("must be an array of messages", List.of("--messages", file("obj", "{}"))),
        Arguments.of("holds no prompt", List.of("--prompts", file("none", "\n \n"))),
        Arguments.of("no field \"id\"", List.of("--prompts", file("noid", "{\"text\":\"a\"}"))),
        Arguments.of("but has none", List.of("--prompts", file("nothing", "{\"id\":\"a\"}"))),
        Arguments.of(
            "Line 2 of",
            List.of("--prompts", file("two", "{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":3}"))),
        Arguments.of(
            "but has text and ids",
            List.of("--prompts", file("both", "{\"id\":1,\"text\":\"a\",\"ids\":[2]}"))));
  }

  private static List<String> longPrompt() {
    return List.of("--ids", String.join(",", java.util.Collections.nCopies(65, "5")));
  }

  private static String file(String name, String text) throws IOException {
    return file(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private static String file(String name, byte[] bytes) throws IOException {
    return Files.write(files.resolve(name), bytes).toString();
  }

  @ParameterizedTest
  @MethodSource("unusableInputs")
  void endsWithOneWhenTheInputCannotBeUsed(String why, List<String> args) {
    Outcome outcome = runOn("generate", args.toArray(String[]::new));
    assertEquals(1, outcome.code(), outcome.err());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().contains(why), outcome.err());
    assertFalse(outcome.err().contains("\tat "), "no stack trace");
  }

  @Test
  void printsAStackTraceOnlyForDebug() {
    Outcome outcome = runOn("score", "--ids", "2", "--debug");
    assertEquals(1, outcome.code());
    assertTrue(outcome.err().contains("\tat gemma2."), outcome.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"generate", "score", "tokenize", "info", "bench"})
  void helpsWithEveryCommand(String command) {
    Outcome outcome = run(command, "--help");
    assertEquals(0, outcome.code());
    assertTrue(outcome.out().contains("Examples:\n  gemma2 " + command), outcome.out());
    assertTrue(outcome.out().contains("--model DIR"), outcome.out());
    assertEquals("", outcome.err());
    assertTrue(run("--help").out().contains("gemma2 " + command), "the overview");
  }

  @Test
  void printsTheSameTextWithAndWithoutJson() {
    Outcome plain = runOn("generate", "--prompt", "ab", "-n", "7", "--ignore-eos");
    Outcome json = runOn("generate", "--prompt", "ab", "-n", "7", "--ignore-eos", "--json");
    assertEquals(0, plain.code(), plain.err());
    Fields result = json.result(0);
    assertEquals(plain.out(), result.string("text") + System.lineSeparator());
    assertEquals("[2, 271]", ids(result, "prompt_ids"));
    assertEquals(7, result.array("generated_ids").size());
    assertEquals(7, result.array("logprobs").size());
    assertEquals("length", result.string("finish"));
    assertEquals("added", result.string("bos"));
    assertEquals(7, json.json().object("settings").integer("n", 0, 99));
  }

  @Test
  void putsBosInFrontAsAsked() throws IOException {
    assertEquals("[271]", promptIds("--prompt", "ab", "--bos", "no"));
    assertEquals("[2, 271]", promptIds("--prompt", "ab", "--bos", "yes"));
    assertEquals("[271, 9]", promptIds("--ids", "271,9"));
    assertEquals("[2, 271, 9]", promptIds("--ids", "271,9", "--bos", "yes"));
    assertEquals("[2, 271, 9]", promptIds("--ids", "2,271,9", "--bos", "yes"));
    String chat = promptIds("--prompt", "ab", "--chat");
    assertTrue(chat.startsWith("[2, 4, "), chat);
    String messages = file("messages", "[{\"role\":\"user\",\"content\":\"ab\"}]");
    assertEquals(chat, promptIds("--messages", messages));
    assertEquals(chat, promptIds("--messages", messages, "--bos", "no"));
  }

  private static String promptIds(String... args) {
    return ids(
        runOn(
                "tokenize",
                Stream.concat(Stream.of(args), Stream.of("--json")).toArray(String[]::new))
            .result(0),
        "ids");
  }

  private static String ids(Fields fields, String name) {
    return fields.array(name).stream()
        .map(item -> fields.asInteger(name, item, 0, 10_000))
        .toList()
        .toString();
  }

  @Test
  void answersPromptsOfAFile() throws IOException {
    String prompts =
        file(
            "prompts",
            "{\"id\":\"t\",\"text\":\"ab\"}\n\n{\"id\":5,\"ids\":[2,271]}\n"
                + "{\"id\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}]}\n");
    Outcome outcome = runOn("generate", "--prompts", prompts, "-n", "3", "--json");
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals("t", outcome.result(0).string("id"));
    assertEquals("5", outcome.result(1).string("id"));
    assertEquals("m", outcome.result(2).string("id"));
    assertEquals(ids(outcome.result(0), "generated_ids"), ids(outcome.result(1), "generated_ids"));
    assertTrue(runOn("generate", "--prompts", prompts, "-n", "1").out().contains("[5] "), "titles");
  }

  @Test
  void drawsTheSameFromTheSameSeed() {
    String[] good = {"--prompt=ab", "-n", "40", "--temperature=1", "--seed=5", "--json"};
    Outcome first = runOn("generate", good);
    assertEquals(0, first.code(), first.err());
    assertEquals(first.out(), runOn("generate", good).out());
    good[4] = "--seed=6";
    assertFalse(
        ids(first.result(0), "generated_ids")
            .equals(ids(runOn("generate", good).result(0), "generated_ids")));
  }

  @Test
  void scoresTheSameInAnyChunksAndWithAnyKernels() {
    String[] base = {"--ids", "2,5,7,11,13,17,19,23,29", "--json"};
    Fields result = runOn("score", base).result(0);
    assertEquals(8, result.array("losses").size());
    String[] chunked = {"--ids", "2,5,7,11,13,17,19,23,29", "--json", "--chunk", "2"};
    assertEquals(result.get("losses"), runOn("score", chunked).result(0).get("losses"));
    String[] plain = {"--ids", "2,5,7,11,13,17,19,23,29", "--json", "--kernels", "plain"};
    assertEquals(
        result.positive("mean_loss"), runOn("score", plain).result(0).positive("mean_loss"), 1e-5);
  }

  /** The same weights under a config.json that has two layers, not three, are the yardstick. */
  @Test
  void runsTheFirstLayersOnly(@TempDir Path two) throws IOException {
    new RandomModel().write(two).with("num_hidden_layers", 2).writeConfig(two);
    String[] ids = {"--ids", "2,5,7,11,13,17,19,23,29", "--json"};
    Outcome cut = runOn("score", "--layers=2", ids[0], ids[1], ids[2]);
    assertEquals(0, cut.code(), cut.err());
    Outcome small = run("score", "--model=" + two, ids[0], ids[1], ids[2]);
    assertEquals(small.result(0).get("losses"), cut.result(0).get("losses"));
    assertNotEquals(runOn("score", ids).result(0).get("losses"), cut.result(0).get("losses"));
    assertEquals(2, cut.json().object("settings").integer("layers", 0, 99));
    assertEquals(3, cut.json().object("settings").integer("layers_of_model", 0, 99));
    assertTrue(cut.err().contains("Only the first 2 of 3 layers are run"), cut.err());
    assertFalse(cut.err().contains("Left out"), cut.err());
    Outcome cutText = runOn("generate", "--layers=2", "--ids=2,5", "--ignore-eos", "--json");
    Outcome smallText = run("generate", "--model=" + two, "--ids=2,5", "--ignore-eos", "--json");
    assertEquals(
        ids(smallText.result(0), "generated_ids"), ids(cutText.result(0), "generated_ids"));
  }

  @Test
  void printsIdsWithoutATokenizer(@TempDir Path bare) {
    new RandomModel().write(bare);
    Outcome outcome = run("generate", "--model=" + bare, "--ids", "2,5", "-n", "2");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.out().matches("\\d+ \\d+ \\R"), outcome.out());
    Outcome text = run("generate", "--model=" + bare, "--prompt", "ab");
    assertEquals(1, text.code());
    assertTrue(text.err().contains("so text cannot be split"), text.err());
  }

  @Test
  void refusesATokenizerOfAnotherModel(@TempDir Path other) {
    new RandomModel().with("bos_token_id", 7).write(other);
    TinyTokenizer.standard().write(other);
    Outcome outcome = run("info", "--model=" + other);
    assertEquals(1, outcome.code());
    assertTrue(outcome.err().contains("has 283 pieces and BOS 2"), outcome.err());
  }

  @Test
  void informsWithoutRunning() {
    Fields facts = runOn("info", "--json").json();
    assertEquals(3, facts.integer("layers", 0, 99));
    assertEquals(283, facts.integer("tokenizer_pieces", 0, 999));
    // 300 * 22 + 22, and for each of three layers 4 * 22 + 22 * (30 + 10 + 10 + 30 + 3 * 37).
    assertEquals(6622 + 3 * (88 + 22 * 191), facts.integer("parameters", 0, 99_999));
    assertEquals(2 + 3 * 11, facts.array("tensors").size());
    assertTrue(runOn("info").out().contains("model.norm.weight"), "the tensors");
  }

  @Test
  void saysWhichTensorsAreLeftOut(@TempDir Path untied) {
    new RandomModel().with("tie_word_embeddings", false).write(untied);
    new RandomModel().writeConfig(untied);
    Outcome outcome = run("score", "--model=" + untied, "--ids", "2,5");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains("tensors of the checkpoint (1)"), outcome.err());
    assertTrue(outcome.err().contains("lm_head.weight"), outcome.err());
  }
}
