package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.RandomGemma2;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models and prompts that can not be run end with exit code 1 and a sentence, not with a trace. */
class ModelFailuresIT {
  private static final Map<String, String> LINES = new TreeMap<>();

  /**
   * A command that must fail.
   *
   * @param words what its sentence must name
   */
  record Failure(String name, JvmRun command, List<String> words) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Failure> failures() throws IOException {
    String tiny = Fixtures.tinyGemma2().toString();
    String long1100 = IntStream.range(0, 1100).mapToObj(i -> "20").collect(Collectors.joining(","));
    return Stream.of(
        failure(
            "an empty prompt",
            generate(tiny, "--prompt", "", "--bos", "no"),
            "[prompt-empty]",
            "empty"),
        failure(
            "a prompt longer than the context",
            generate(tiny, "--ids", long1100),
            "[prompt-long]",
            "1100",
            "1024"),
        failure(
            "a folder that is not there",
            generate(tiny + "/nowhere", "--ids", "2"),
            "[model-missing]",
            "nowhere"),
        failure(
            "a NaN among the weights", generate(nan(), "--ids", "2"), "[weights-nonfinite]", "NaN"),
        failure(
            "a truncated model",
            generate(truncated(), "--ids", "2"),
            "[safetensors-corrupt]",
            "model.safetensors"),
        failure(
            "a header that claims 2^62 bytes",
            generate(huge(), "--ids", "2"),
            "[safetensors-corrupt]",
            "header"),
        failure(
            "a tokenizer without BOS",
            generate(noBos(), "--prompt", "Hello"),
            "[tokenizer-piece]",
            "beginning-of-sequence"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void endsWithASentence(Failure failure) {
    JvmRun.Finished finished = failure.command.run();
    assertEquals(1, finished.exit(), finished::toString);
    assertEquals("", finished.out(), finished::toString);
    String line = finished.err().lines().toList().getLast();
    LINES.put(failure.name, line);
    assertTrue(line.endsWith("."), finished::toString);
    for (String word : failure.words) {
      assertTrue(line.contains(word), () -> word + " in: " + line);
    }
    assertFalse(finished.err().contains("\tat "), finished::toString);
  }

  /** The ledger has no say in a model that failed before it computed anything. */
  @Test
  void keepsItsExitCodeUnderTheAgent() {
    String tiny = Fixtures.tinyGemma2().toString();
    JvmRun.Finished finished =
        generate(tiny, "--prompt", "", "--bos", "no")
            .agent(
                "profile=gemma2",
                "capture=res.*",
                "out=" + Packaged.workFolder("failed-model").resolve("run"))
            .run();
    assertEquals(1, finished.exit(), finished::toString);
    assertTrue(
        finished.err().contains("The model ended with exit code 1 before its first pass"),
        finished::toString);
    assertFalse(finished.err().contains("never"), finished::toString);
  }

  @AfterAll
  static void printLines() {
    System.out.printf("%nThe model's failures and what they say%n");
    LINES.forEach((name, line) -> System.out.printf("  %s:%n    %s%n", name, line));
  }

  private static Failure failure(String name, JvmRun command, String... words) {
    return new Failure(name, command, List.of(words));
  }

  private static JvmRun generate(String model, String... arguments) {
    return JvmRun.gemma2("generate", "--model", model, "-n", "2").with(arguments).brief();
  }

  private static String nan() throws IOException {
    return damaged(bytes -> {
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 400, Float.NaN);
      return bytes;
    });
  }

  private static String truncated() throws IOException {
    return damaged(bytes -> Arrays.copyOf(bytes, bytes.length - 100));
  }

  private static String huge() throws IOException {
    return damaged(bytes -> {
      bytes[7] = 0x40;
      return bytes;
    });
  }

  private interface Damage {
    byte[] to(byte[] bytes);
  }

  private static String damaged(Damage damage) throws IOException {
    Path folder = RandomGemma2.UNTIED.write(Packaged.workFolder("damaged").resolve("model"));
    Path file = folder.resolve("model.safetensors");
    Files.write(file, damage.to(Files.readAllBytes(file)));
    return folder.toString();
  }

  private static String noBos() throws IOException {
    Path folder = RandomGemma2.UNTIED.write(Packaged.workFolder("tokenizer").resolve("model"));
    Files.delete(folder.resolve("tokenizer.model"));
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, Files.readString(file).replace("<bos>", "<bus>"));
    return folder.toString();
  }
}
