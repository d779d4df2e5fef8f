package gemma2.cli;

import static gemma2.cli.Outcome.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.Fields;
import gemma2.testing.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class BenchCommandTest {

  @TempDir Path folder;

  @Test
  void measuresAndLeavesNothingBehind() throws IOException, InterruptedException {
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    Outcome outcome =
        GemmaJvm.inFolder(folder, GemmaJvm.VECTORS, "-Djava.io.tmpdir=" + temporary)
            .run(
                "bench",
                "--shape=tiny",
                "--layers=3",
                "--vocab=300",
                "--prompt-tokens=40",
                "--decode-tokens=3",
                "--context=5",
                "--chunk=16",
                "--rounds=2",
                "--threads=2",
                "--baseline-threads=1",
                "--json");
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals(0, temporary.toFile().list().length, "the checkpoints are gone");
    Fields settings = outcome.json().object("settings");
    assertEquals(3, settings.integer("layers", 0, 99));
    assertEquals(300, settings.integer("vocab_size", 0, 999));
    assertEquals(2, settings.integer("threads", 0, 99));
    assertEquals(16, settings.integer("chunk", 0, 99));
    Fields decode = outcome.json().object("decode");
    Fields prefill = outcome.json().object("prefill");
    assertEquals("bf16", decode.string("dtype"));
    assertEquals("f32", prefill.string("dtype"));
    Stream.of("tokens_per_second", "weight_bytes_per_second", "streamed_bytes_per_second")
        .forEach(name -> assertOrdered(decode.object(name)));
    Stream.of("tokens_per_second", "product_flops_per_second", "fma_flops_per_second")
        .forEach(name -> assertOrdered(prefill.object(name)));
    assertOrdered(decode.object("ratio"));
    assertOrdered(prefill.object("ratio"));
    assertOrdered(decode.object("allocated_bytes_per_token"));
    for (Fields measured : List.of(decode, prefill)) {
      measured.positive("load_seconds");
      measured.positive("load_seconds_without_check");
    }
    assertEquals(2, outcome.json().array("rounds").size());
    Fields baseline = outcome.json().object("baseline");
    assertEquals(1, baseline.integer("threads", 0, 99));
    Stream.of("decode_times", "streamed_times", "prefill_times", "fma_times")
        .forEach(name -> assertOrdered(baseline.object(name)));
  }

  private static void assertOrdered(Fields spread) {
    double median = spread.positive("median");
    assertTrue(spread.positive("min") <= median && median <= spread.positive("max"));
  }

  @Test
  void leavesNothingBehindWhenInterrupted() throws IOException, InterruptedException {
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    GemmaJvm jvm = GemmaJvm.inFolder(folder, GemmaJvm.VECTORS, "-Djava.io.tmpdir=" + temporary);
    Process process = jvm.start("bench", "--shape=tiny", "--rounds=1000000");
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    while (temporary.toFile().list().length == 0) {
      assertTrue(process.isAlive() && System.nanoTime() < deadline, "it begins");
      Thread.sleep(5);
    }
    process.destroy();
    assertEquals(143, jvm.await(process).code(), "ended by the signal");
    assertEquals(0, temporary.toFile().list().length, "the checkpoints are gone");
  }

  @Test
  void keepsACheckpointThatEveryCommandReads() {
    String kept = folder.resolve("kept").toString();
    Outcome made = run("bench", "--shape=tiny", "--keep", kept, "--rounds=0", "--json");
    assertEquals(0, made.code(), made.err());
    assertEquals(kept, made.json().object("settings").string("kept"));
    Fields facts = run("info", "--model", kept, "--json").json();
    assertEquals(2, facts.integer("layers", 0, 99));
    assertEquals(512, facts.integer("vocab_size", 0, 999));
    Outcome text = run("generate", "--model", kept, "--ids=2,17", "-n", "3", "--json");
    assertEquals(0, text.code(), text.err());
    assertEquals(1, folder.toFile().list().length, "nothing else was left");
    Outcome again = run("bench", "--shape=tiny", "--keep", kept);
    assertEquals(1, again.code());
    assertTrue(again.err().contains("[bench-exists]"), again.err());
    assertTrue(again.err().contains("exists, and nothing is overwritten"), again.err());
  }

  @Test
  void benchesAModelThatIsThere() {
    new RandomModel().write(folder);
    Outcome outcome =
        run(
            "bench",
            "--model=" + folder,
            "--layers=2",
            "--prompt-tokens=9",
            "--context=2",
            "--decode-tokens=2",
            "--rounds=1");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.out().contains("2 layers, 300 words"), outcome.out());
    // 4 bytes x (2 layers x 4202 + 6600), as WorkTest counts them.
    assertTrue(outcome.out().contains("A token reads 60,016 bytes"), outcome.out());
  }

  static Stream<Arguments> wrongCommandLines() {
    return Stream.of(
        usage("One of --shape and --model is needed, and none is"),
        usage("One of --shape and --model is needed, and both are", "--shape=2b", "--model=x"),
        usage("--shape must be one of 2b, 9b, 27b, tiny, but is \"3b\"", "--shape=3b"),
        usage("--dtype must be one of bf16, f16, f32", "--shape=tiny", "--dtype=q4"),
        usage("--dtype goes with --shape", "--model=x", "--dtype=f32"),
        usage("--keep goes with --shape", "--model=x", "--keep=y"),
        usage("--rounds 0 measures nothing", "--shape=tiny", "--rounds=0"),
        usage("--layers must be at most 1024", "--shape=tiny", "--layers=1025"),
        usage("--vocab must be a whole number of at least 3", "--shape=tiny", "--vocab=2"),
        usage("--prompt-tokens must be at most", "--shape=tiny", "--prompt-tokens=8193"),
        usage("together more than the model's context", "--shape=tiny", "--context=8190"));
  }

  private static Arguments usage(String why, String... args) {
    return Arguments.of(why, List.of(args));
  }

  @ParameterizedTest
  @MethodSource("wrongCommandLines")
  void refusesAWrongCommandLine(String why, List<String> args) {
    Outcome outcome = run(Stream.concat(Stream.of("bench"), args.stream()).toArray(String[]::new));
    assertEquals(2, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains(why), outcome.err());
  }

  @Test
  void refusesMoreLayersThanTheModelHas() {
    new RandomModel().write(folder);
    Outcome outcome =
        run("bench", "--model=" + folder, "--layers=4", "--prompt-tokens=9", "--context=2");
    assertEquals(2, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains("--layers must be at most the model's 3"), outcome.err());
  }
}
