package dev.tapscope.jlama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.tjake.jlama.util.JsonSupport;
import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.RandomGemma2;
import dev.tapscope.fixtures.ReferenceGemma2;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
  @TempDir static Path temporary;
  private static Path model;

  private record Ran(int exit, String out, String err) {}

  @BeforeAll
  static void writeAModel() {
    model = RandomGemma2.PLAIN.write(temporary.resolve("plain"));
  }

  @Test
  void scoresAsTheReferenceDoes() throws IOException {
    int[] ids = RandomGemma2.PLAIN.prompt(40);
    JsonNode result = json(run("score", "--model", model.toString(), "--ids", join(ids), "--json"));
    double[] losses = JsonSupport.om.convertValue(result.required("losses"), double[].class);
    double[] expected =
        Arrays.stream(ReferenceGemma2.load(model).run(ids).nextTokenLogProbabilities())
            .map(p -> -p)
            .toArray();
    Difference difference = Difference.between(losses, expected);
    assertTrue(difference.absolute() <= 2e-4, difference::toString);
    assertEquals(
        Arrays.stream(expected).average().orElseThrow(),
        result.required("mean_loss").doubleValue(),
        2e-4);
  }

  @Test
  void continuesAsTheReferenceDoes() throws IOException {
    int[] ids = RandomGemma2.PLAIN.prompt(12);
    JsonNode result =
        json(
            run(
                "generate",
                "--model",
                model.toString(),
                "--ids",
                join(ids),
                "-n",
                "4",
                "--json",
                "--ignore-eos"));
    int[] generated = JsonSupport.om.convertValue(result.required("generated_ids"), int[].class);
    assertEquals(
        Arrays.toString(ReferenceGemma2.load(model).greedy(ids, 4)), Arrays.toString(generated));
  }

  /** The last positions are beyond Jlama's rotation table: 256 less two for two key-value heads. */
  @Test
  void endsWhereJlamaEnds() throws IOException {
    int[] ids = RandomGemma2.PLAIN.prompt(253);
    JsonNode result =
        json(
            run(
                "generate",
                "--model",
                model.toString(),
                "--ids",
                join(ids),
                "-n",
                "9",
                "--json",
                "--ignore-eos"));
    assertEquals(2, result.required("generated_ids").size());
    Ran tooLong =
        run("score", "--model", model.toString(), "--ids", join(RandomGemma2.PLAIN.prompt(255)));
    assertFailed(1, "prompt-long", "has 255 tokens, and Jlama can compute 254", tooLong);
  }

  @Test
  void readsATextWithBosInFront() throws IOException {
    JsonNode result =
        json(run("score", "--model", model.toString(), "--prompt", "The City", "--json"));
    assertEquals(2, result.required("ids").get(0).intValue());
    assertTrue(result.required("ids").size() > 1);
  }

  @Test
  void printsATableForPeople() {
    Ran ran = run("score", "--model", model.toString(), "--ids", "2,300,301");
    assertEquals(0, ran.exit, ran.err);
    assertEquals(4, ran.out.lines().count(), ran.out);
    assertTrue(ran.out.contains("nats over 2 tokens"), ran.out);
  }

  @Test
  void saysWhereItIsNotGemma2() {
    Path odd = RandomGemma2.SHORT_WINDOW.write(temporary.resolve("odd"));
    Path heads = RandomGemma2.ODD_HEADS.write(temporary.resolve("heads"));
    assertTrue(
        String.join("\n", ModelFolder.check(odd).departures())
            .contains("no sliding window; from position 5 on its values are not Gemma 2's"));
    String departures = String.join("\n", ModelFolder.check(heads).departures());
    assertTrue(departures.contains("this model wants 20.0^-0.5"), departures);
    assertTrue(departures.contains("rounds the embedding scale"), departures);
    assertEquals(0, ModelFolder.check(model).departures().size());
  }

  @Test
  void refusesFoldersItCannotLoad() throws IOException {
    assertFailed(1, "model-missing", "does not exist", score(temporary.resolve("nowhere"), "2,3"));
    assertFailed(1, "model-missing", "is a file", score(model.resolve("config.json"), "2,3"));
    Path folder = Files.createDirectory(temporary.resolve("folder"));
    assertFailed(1, "config-unreadable", "config.json is missing", score(folder, "2,3"));
    Path config = folder.resolve("config.json");
    Files.writeString(config, "{");
    assertFailed(1, "config-unreadable", "cannot be read as JSON", score(folder, "2,3"));
    Files.writeString(config, "{\"model_type\": \"llama\"}");
    assertFailed(1, "model-type", "model_type \"llama\"", score(folder, "2,3"));
    Files.writeString(config, "{\"model_type\": \"gemma2\"}");
    assertFailed(1, "config-hidden-act", "Add the line \"hidden_act\"", score(folder, "2,3"));
    Files.copy(model.resolve("config.json"), config, StandardCopyOption.REPLACE_EXISTING);
    assertFailed(1, "weights-missing", "neither model.safetensors", score(folder, "2,3"));
    Files.write(folder.resolve("model.safetensors"), new byte[] {1, 2, 3});
    assertFailed(1, "tokenizer-missing", "no tokenizer.json", score(folder, "2,3"));
    Files.copy(model.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    assertFailed(1, "model-unreadable", "Jlama could not load", score(folder, "2,3"));
  }

  @Test
  void refusesPromptsItCannotRun() {
    assertFailed(
        1, "token-unknown", "The id 1024 is not in the vocabulary", score(model, "2,1024"));
    assertFailed(1, "token-unknown", "The id -1", score(model, "2,-1"));
    assertFailed(1, "prompt-short", "one token alone", score(model, "2"));
  }

  @Test
  void refusesCommandLinesItDoesNotUnderstand() {
    assertFailed(2, "usage", "A command is needed", run());
    assertFailed(2, "usage", "--model", run("score", "--ids", "2,3"));
    assertFailed(2, "usage", "--ids", score(model, "2,x"));
    assertFailed(
        2,
        "usage",
        "-n must be a whole number of at least 1, but is 0",
        run("generate", "--model", model.toString(), "--ids", "2", "-n", "0"));
    assertFailed(
        2,
        "usage",
        "mutually exclusive",
        run("score", "--model", model.toString(), "--ids", "2", "--prompt", "x"));
  }

  private static Ran score(Path folder, String ids) {
    return run("score", "--model", folder.toString(), "--ids", ids);
  }

  private static Ran run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Ran(exit, out.toString(), err.toString());
  }

  private static void assertFailed(int exit, String id, String words, Ran ran) {
    assertEquals(exit, ran.exit, ran.err);
    assertTrue(ran.err.startsWith("jlama: [" + id + "] "), ran.err);
    assertTrue(ran.err.contains(words), ran.err);
    assertEquals("", ran.out);
  }

  private static JsonNode json(Ran ran) throws IOException {
    assertEquals(0, ran.exit, ran.err);
    return JsonSupport.om.readTree(ran.out).required("results").get(0);
  }

  private static String join(int[] ids) {
    return Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(","));
  }
}
