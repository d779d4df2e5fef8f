package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.Json;
import dev.tapscope.testing.Probe;
import dev.tapscope.testing.Shard;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged agent on the fixture model, in JVMs of their own, where all goes well. */
class AgentIT {
  private static final int PROMPT = 3;
  private static final int GENERATED = 4;
  private static final int POSITIONS = PROMPT + GENERATED;

  @TempDir Path folder;
  private Path profile;
  private Path out;

  @BeforeEach
  void writeProfile() throws IOException {
    profile = Files.writeString(folder.resolve("tiny.taps"), TinyProfile.text());
    out = folder.resolve("run");
  }

  private static Path java(int version) {
    return version == 25 ? ChildJvm.thisJava() : ChildJvm.mavensJava();
  }

  private ChildJvm child(int version) {
    return new ChildJvm(java(version), folder);
  }

  private Map<String, Object> run() throws IOException {
    return Json.object(Files.readString(out.resolve("run.json")));
  }

  /** Lines that are not ours, but for the known side effect of a bootstrap class path. */
  private static List<String> foreign(String err) {
    return err.lines()
        .filter(line -> !line.startsWith("tapscope: "))
        .filter(line -> !line.contains("Sharing is only supported for boot loader classes"))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {25, 17})
  void withNothingAskedTheModelIsLeftAlone(int version) {
    Result alone = child(version).run("n=6");
    Result woven = child(version).agent("profile=" + profile).run("n=6");
    assertTrue(alone.out().startsWith("java " + version + "\n"), alone.out());
    assertEquals(0, woven.exit(), woven.err());
    assertEquals(alone.out(), woven.out());
    assertEquals(List.of(), foreign(woven.err()));
    assertFalse(woven.err().contains("tapscope"), woven.err());
  }

  @ParameterizedTest
  @ValueSource(ints = {25, 17})
  void aJvmWithoutAMainClassIsLeftAlone(int version) {
    Result asked =
        child(version)
            .agent("profile=" + profile + ",capture=res.*,out=" + out)
            .flag("-version")
            .run();
    assertEquals(0, asked.exit(), asked.err());
    assertTrue(asked.err().contains("so the agent stays out of it"), asked.err());
    assertTrue(asked.err().contains("version \"" + version), asked.err());
    assertFalse(Files.exists(out), "the model's run folder is still free");
  }

  @ParameterizedTest
  @ValueSource(ints = {25, 17})
  void everySiteIsCapturedAndTheModelComputesTheSame(int version) throws IOException {
    Result alone = child(version).run();
    Result captured =
        child(version)
            .agent(
                "profile="
                    + profile
                    + ",capture=resid_pre.*+pattern.*+resid_mid.*+transcoder_in.*+mlp.*+res.*+logits"
                    + ",out="
                    + out)
            .run();
    assertTrue(captured.out().startsWith("java " + version + "\n"), captured.out());
    assertEquals(0, captured.exit(), captured.err());
    assertEquals(alone.out(), captured.out());
    assertEquals(List.of(), captured.ids());
    assertEquals(List.of(), foreign(captured.err()));

    List<Shard> shards = Shard.readAll(out, "activations");
    assertEquals(1, shards.size());
    checkSums(shards.get(0));
    checkAttention(shards.get(0));
    checkNorm(shards.get(0));
    Map<String, Object> run = run();
    assertEquals("complete", run.get("state"));
    assertEquals(5L, run.get("passes"));
    assertEquals(7L, run.get("positions"));
    assertEquals(1L, run.get("sequences"));
    assertEquals(3L, run.get("layers"));
    assertEquals(List.of(), run.get("problems"));
    Map<?, ?> texts = (Map<?, ?>) run.get("texts");
    int[] ids = shards.get(0).tensor("tokens").ints();
    assertEquals(
        IntStream.of(ids)
            .distinct()
            .sorted()
            .boxed()
            .collect(Collectors.toMap(String::valueOf, id -> " word" + id)),
        texts);
    List<?> sites = (List<?>) run.get("sites");
    assertEquals(6 * 3 + 1, sites.size());
    assertEquals(
        Map.of("address", "pattern.0", "expected", 7L, "fired", 7L, "rows", 14L, "fires", 5L),
        sites.get(4));
  }

  /** The residual stream is the sum the model says it is, bit for bit, and chains over layers. */
  private static void checkSums(Shard shard) {
    for (int layer = 0; layer < 3; layer++) {
      float[] mid = shard.tensor("resid_mid." + layer).floats();
      float[] mlp = shard.tensor("mlp." + layer).floats();
      float[] res = shard.tensor("res." + layer).floats();
      assertEquals(POSITIONS * 8, res.length);
      for (int i = 0; i < res.length; i++) {
        assertEquals(mid[i] + mlp[i], res[i]);
      }
      if (layer < 2) {
        assertArrayEquals(res, shard.tensor("resid_pre." + (layer + 1)).floats());
      }
      long[] rows = shard.tensor("res." + layer + ".rows").longs();
      for (int i = 0; i < POSITIONS; i++) {
        long pass = Math.max(0, i - PROMPT + 1);
        assertArrayEquals(
            new long[] {0, i, pass}, new long[] {rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]});
      }
    }
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1, 1}, shard.tensor("tokens.generated").ints());
    assertEquals(List.of(5L, 32L), shard.tensor("logits").shape());
    assertEquals(2, shard.tensor("logits.rows").longs()[1], "position of the first logits");
  }

  private static void checkAttention(Shard shard) {
    long[] pointer = shard.tensor("pattern.1.indptr").longs();
    float[] values = shard.tensor("pattern.1.value").floats();
    int[] keys = shard.tensor("pattern.1.index").ints();
    assertEquals(2 * POSITIONS + 1, pointer.length);
    for (int row = 0; row < 2 * POSITIONS; row++) {
      int position = row / 2;
      assertEquals(position + 1, pointer[row + 1] - pointer[row]);
      double sum = 0;
      for (int i = (int) pointer[row]; i < pointer[row + 1]; i++) {
        assertEquals(i - pointer[row], keys[i]);
        sum += values[i];
      }
      assertEquals(1, sum, 1e-6);
    }
  }

  private static void checkNorm(Shard shard) {
    for (int row = 0; row < POSITIONS; row++) {
      float[] x = shard.tensor("resid_mid.2").row(row);
      float[] normed = shard.tensor("transcoder_in.2").row(row);
      double squares = 0;
      for (float v : x) {
        squares += (double) v * v;
      }
      for (int i = 0; i < x.length; i++) {
        assertEquals(x[i] / Math.sqrt(squares / x.length + 1e-6), normed[i], 1e-6);
      }
    }
  }

  @Test
  void twoThreadsHaveTheirOwnSequences() throws IOException {
    Result result =
        child(25)
            .agent("profile=" + profile + ",capture=res.*,out=" + out)
            .run("threads=2", "n=50");
    assertEquals(0, result.exit(), result.err());
    assertEquals(List.of(), result.ids());
    assertEquals(2L, run().get("sequences"));
    Shard shard = Shard.readAll(out, "activations").get(0);
    long[] rows = shard.tensor("tokens.rows").longs();
    int[] tokens = shard.tensor("tokens").ints();
    Map<Long, String> texts =
        IntStream.range(0, tokens.length)
            .boxed()
            .collect(
                Collectors.groupingBy(
                    i -> rows[2 * i],
                    Collectors.mapping(
                        i -> rows[2 * i + 1] + ":" + tokens[i], Collectors.joining(" "))));
    assertEquals(2, texts.size());
    assertEquals(texts.get(0L), texts.get(1L), "both threads ran the same prompt");
    assertEquals(53, texts.get(0L).split(" ").length);
  }

  @Test
  void shardsAreBounded() throws IOException {
    Result result =
        child(25)
            .agent("profile=" + profile + ",capture=res.0,shard.bytes=500,out=" + out)
            .run("n=60");
    assertEquals(0, result.exit(), result.err());
    List<Shard> shards = Shard.readAll(out, "activations");
    assertTrue(shards.size() > 5, "shards " + shards.size());
    assertEquals(63, shards.stream().mapToLong(s -> s.tensor("res.0").shape().get(0)).sum());
  }

  @Test
  void theRuntimeIsLoadedBesideTheModelAndItsEditsAct() throws IOException {
    Result result = child(25).agent(planted("zero") + ",capture=res.*,out=" + out).run();
    assertEquals(0, result.exit(), result.err());
    assertEquals(List.of(), result.ids());
    for (float value : Shard.readAll(out, "activations").get(0).tensor("res.1").floats()) {
      assertEquals(0f, value);
    }
    assertEquals("zero", run().get("planted"));
    // Every logit is 0, so the first token is always the likeliest.
    assertTrue(result.out().contains("generated word0 word0 word0 word0 word0 "), result.out());
  }

  @Test
  void editsActWithoutAFolder() {
    Result result = child(25).agent(planted("zero")).run();
    assertEquals(0, result.exit(), result.err());
    assertTrue(result.out().contains("generated word0 word0 word0 word0 word0 "), result.out());
  }

  @Test
  void theModelsOwnTokenizerGivesTheTexts() throws IOException {
    Result result = child(25).agent(planted("texts") + ",out=" + out).run("prompt=7", "n=0");
    assertEquals(0, result.exit(), result.err());
    assertEquals(" word7", run().get("text"));
  }

  private String planted(String what) {
    return "profile=" + profile + ",runtime=" + Planted.jar(folder) + ",edit.1=" + what;
  }

  @ParameterizedTest
  @ValueSource(ints = {25, 17})
  void detachedClassesHaveTheirOwnBytesBack(int version) {
    Path probe =
        ChildJvm.jar(
            folder.resolve("probe.jar"),
            Map.of("Premain-Class", Probe.class.getName(), "Can-Retransform-Classes", "true"),
            Map.of(),
            Probe.class);
    Result result =
        child(version)
            .agent("profile=" + profile + ",capture=res.*,out=" + out)
            .flag("-javaagent:" + probe)
            .run(Probe.class);
    assertEquals(0, result.exit(), result.err());
    assertEquals(
        4, result.out().lines().filter(l -> l.matches("woven .* changed")).count(), result.out());
    assertEquals(
        4,
        result.out().lines().filter(l -> l.matches("detached .* original")).count(),
        result.out());
    assertEquals(
        1,
        result.out().lines().filter(l -> l.startsWith("generated")).distinct().count(),
        result.out());
  }
}
