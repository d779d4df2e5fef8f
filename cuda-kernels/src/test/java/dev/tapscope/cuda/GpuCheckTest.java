package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What gpu-check makes of its measures. */
final class GpuCheckTest {
  @TempDir private Path folder;

  @Test
  void jsonComesBackAsItWas() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("a \"name\"\\", "two\nlines, \u0001 and ü");
    value.put("numbers", List.of(1.0, -2.5e-9, 123456789.0));
    value.put("nothing", null);
    value.put("empty", Map.of());
    value.put("list", List.of());
    value.put("yes", true);
    assertEquals(value, Json.read(Json.write(value)));
  }

  @Test
  void whatIsNotFiniteIsAWord() {
    assertEquals("\"NaN\"\n", Json.write(Double.NaN));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{\"a\" 1}", "[1,]", "1 2", "nul", "\"open", "{\"a\": 1,, }"})
  void brokenJsonIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> Json.read(text));
  }

  /** Each line is in the file at once: what follows may break off. */
  @Test
  void measuresAreKeptLineByLine() throws IOException {
    Path file = folder.resolve("measures");
    Measures measures = new Measures(file);
    measures.add("time, ms", 1.5);
    assertEquals(Map.of("time, ms", 1.5), Measures.read(file));
    measures.say("card", "a\tcard");
    measures.check("error", 2, 1);
    measures.check("no number", Double.NaN, 1);
    measures.attempt(
        "piece",
        () -> {
          throw new IOException("no disk");
        });
    Map<String, Object> values = Measures.read(file);
    assertEquals("a card", values.get("card"));
    assertEquals("2.00000, at most 1.00000", values.get("FAILED error"));
    assertTrue(values.containsKey("FAILED no number"));
    assertEquals("java.io.IOException: no disk", values.get("FAILED piece"));
    assertEquals(OptionalDouble.empty(), Measures.number(values, "card"));
  }

  @Test
  void theSecondPartJoinsTheFirst() throws IOException {
    report("check", "NVIDIA H200", "error\t1\n", folder.resolve("results"));
    report("encode", "NVIDIA H200", "F=16384 encode exact, ms\t0.5\n", folder.resolve("results"));
    report("check", "NVIDIA H200", "error\t2\n", folder.resolve("results"));
    Map<?, ?> json = read(folder.resolve("results/2026-11-29-nvidia-h200.json"));
    Map<?, ?> parts = (Map<?, ?>) json.get("parts");
    assertEquals(List.of("check", "encode"), List.copyOf(parts.keySet()));
    assertEquals(2.0, ((Map<?, ?>) parts.get("check")).get("error"));
    assertEquals("NVIDIA H200", json.get("card"));
    assertFalse(json.containsKey("emulated"));
    assertEquals(json, read(folder.resolve("out/2026-11-29-nvidia-h200.json")));
    try (Stream<Path> files = Files.list(folder.resolve("results"))) {
      assertEquals(1, files.count(), "a part of a file is left");
    }
  }

  /** Nor do those of no card, where it could not be opened. */
  @ParameterizedTest
  @ValueSource(strings = {"Tapscope emulated device 0", ""})
  void resultsOfNoRealCardStayOutOfTheFolder(String card) throws IOException {
    report("check", card, "error\t1\n", folder.resolve("results"));
    assertFalse(Files.exists(folder.resolve("results")));
    String name = card.isEmpty() ? "no-card" : "tapscope-emulated-device-0";
    Map<?, ?> json = read(folder.resolve("out/2026-11-29-%s.json".formatted(name)));
    assertEquals(card.isEmpty() ? null : true, json.get("emulated"));
  }

  private void report(String part, String card, String lines, Path results) throws IOException {
    Path measures = folder.resolve("measures");
    Files.writeString(measures, card.isEmpty() ? lines : "card\t%s\n%s".formatted(card, lines));
    GpuCheck.Arguments arguments =
        GpuCheck.Arguments.of(
            "report",
            "--part",
            part,
            "--measures",
            measures.toString(),
            "--date",
            "2026-11-29",
            "--out",
            folder.resolve("out").toString(),
            "--results",
            results.toString());
    assertEquals(0, GpuCheck.run(arguments));
  }

  private static Map<?, ?> read(Path file) throws IOException {
    return (Map<?, ?>) Json.read(Files.readString(file));
  }

  @Test
  void aFailureIsTheExitStatus() throws IOException {
    Path measures = folder.resolve("measures");
    Files.writeString(measures, "card\tA card\nFAILED something\tis wrong\n");
    GpuCheck.Arguments arguments =
        GpuCheck.Arguments.of(
            "report",
            "--part",
            "check",
            "--measures",
            measures.toString(),
            "--date",
            "2026-11-29",
            "--out",
            folder.toString());
    assertEquals(1, GpuCheck.run(arguments));
    assertTrue(Files.exists(folder.resolve("2026-11-29-a-card.json")));
  }

  @Test
  void goalsCompareWhatWasMeasured() {
    Map<String, Object> values =
        Map.of(
            "F=16384 torch fp32 encode, ms", 6.0,
            "F=16384 encode exact, ms", 1.2,
            "F=65536 torch fp32 encode, ms", 24.0,
            "F=65536 encode exact, ms", 4.8,
            "F=16384 encode fast, ms", 0.6,
            "F=16384 cuBLAS fp16 product alone, ms", 0.5,
            "F=1048576 step, device memory, GB", 60.5,
            "gates that differ", 0.0,
            "loss curve, largest difference, %", Double.NaN);
    List<String> verdicts =
        Goals.of(values).stream()
            .filter(goal -> goal.measured().isPresent())
            .map(goal -> "%s %s".formatted(goal.name(), goal.verdict()))
            .toList();
    assertEquals(
        List.of(
            "G1 holds", // 5 times, 4 wanted
            "G1 does not hold", // 5 times, 7 wanted
            "G1 holds",
            "G2 holds", // 1.2 times, 1.35 allowed
            "G6 does not hold",
            "G8 does not hold"),
        verdicts);
    assertTrue(Goals.table(Goals.of(values)).contains("not measured"));
  }

  /** Every goal's measures are ones that are taken: their names come from one place. */
  @Test
  void goalsAreMadeOfNames() {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Names name : Names.values()) {
      values.put(name.text(), 1.0);
      for (int features : List.of(16384, 65536, 1 << 20)) {
        values.put(name.of(features), 1.0);
      }
    }
    assertTrue(Goals.of(values).stream().allMatch(goal -> goal.measured().isPresent()));
  }

  @Test
  void theProgramForPytorchWritesTheSameNames() throws IOException {
    String program = Files.readString(Path.of("src/check/baseline.py"));
    for (Names name : Names.values()) {
      if (name.name().startsWith("TORCH_") || name == Names.CURVE) {
        String text = name.text().replace(", ms", "");
        assertTrue(program.contains(text), text);
      }
    }
  }

  @Test
  void argumentsAreTakenApart() {
    GpuCheck.Arguments arguments =
        GpuCheck.Arguments.of("encode", "--tiny", "--measures", "m", "--work", "w");
    assertEquals("encode", arguments.verb());
    assertEquals("m", arguments.get("--measures"));
    assertEquals(Scale.TINY, arguments.scale());
    assertEquals(Scale.FULL, GpuCheck.Arguments.of("step").scale());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "measure", "encode --work", "encode --nothing", "report --part"})
  void wrongArgumentsAreSaid(String line) {
    String[] arguments =
        Arrays.stream(line.split(" ")).filter(s -> !s.isEmpty()).toArray(String[]::new);
    assertThrows(IllegalArgumentException.class, () -> GpuCheck.Arguments.of(arguments));
  }

  @Test
  void aMissingOptionIsNamed() {
    GpuCheck.Arguments arguments = GpuCheck.Arguments.of("encode");
    assertEquals(
        "encode needs --work",
        assertThrows(IllegalArgumentException.class, () -> arguments.get("--work")).getMessage());
  }

  /** The formulas that kernels are held against are themselves held against differences. */
  @Test
  void theReferencesGradientsAreThoseOfItsLoss() {
    Scale.Shape shape = new Scale.Shape(3, 4, 5, 4);
    TrainingSettings settings =
        new TrainingSettings(
            new TrainingSettings.Tanh(2),
            1e-6,
            true,
            true,
            false,
            false,
            0,
            0.999,
            1e-8,
            OptionalDouble.empty(),
            0,
            Precision.EXACT);
    double[] encoder = numbers(20, 1);
    double[] decoder = numbers(20, 2);
    double[] encoderBias = numbers(5, 3);
    double[] decoderBias = numbers(4, 4);
    double[] x = numbers(12, 5);
    double[] y = numbers(12, 6);
    double[] threshold = {0.1, 0.1, 0.2, 0.1, 0.3};
    Reference reference =
        reference(shape, settings, encoder, decoder, encoderBias, decoderBias, threshold, x, y);
    assertTrue(reference.l0 > 1, "nothing is active");
    double[][] parameters = {encoder, decoder, encoderBias, decoderBias};
    double[][] gradients = {
      reference.encoderGradient,
      reference.decoderGradient,
      reference.encoderBiasGradient,
      reference.decoderBiasGradient
    };
    for (int p = 0; p < parameters.length; p++) {
      for (int i = 0; i < parameters[p].length; i++) {
        double before = parameters[p][i];
        double[] loss = new double[2];
        for (int side = 0; side < 2; side++) {
          parameters[p][i] = before + (side == 0 ? -1e-6 : 1e-6);
          Reference moved =
              reference(
                  shape, settings, encoder, decoder, encoderBias, decoderBias, threshold, x, y);
          loss[side] = moved.reconstruction + 0.3 * moved.penalty;
        }
        parameters[p][i] = before;
        assertEquals((loss[1] - loss[0]) / 2e-6, gradients[p][i], 1e-7, p + " " + i);
      }
    }
  }

  private static Reference reference(
      Scale.Shape shape,
      TrainingSettings settings,
      double[] encoder,
      double[] decoder,
      double[] encoderBias,
      double[] decoderBias,
      double[] threshold,
      double[] x,
      double[] y) {
    Reference reference =
        new Reference(shape, settings, encoder, decoder, encoderBias, decoderBias, threshold, x);
    reference.backward(y, 0.3);
    return reference;
  }

  private static double[] numbers(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] numbers = new double[count];
    Arrays.setAll(numbers, _ -> random.nextGaussian());
    return numbers;
  }
}
