package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapscope.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The packaged command and agent where there is a GPU: the emulated one. */
class GpuIT {
  private static final String MODEL = Fixtures.tinyGemma2().toString();
  private static final String SAE = "l9=res.3 " + Fixtures.resSae();

  @BeforeAll
  static void needsTheEmulatedDriver() {
    Path driver = Packaged.emulatedDriver();
    assumeTrue(Files.exists(driver), () -> "needs the emulated GPU, and there is no " + driver);
  }

  private static JvmRun run(Path folder, String device) {
    return Trainings.tapscope("run", "--model", MODEL, "--sae", SAE, "-n", "2")
        .with("--prompt", "The City of Light is Paris. In Paris people speak French.")
        .with("--out", folder.toString(), "--device", device)
        .brief();
  }

  /** With the runtime in the agent's class loader. */
  @Test
  void aModelsFeaturesAreThoseOfTheCpu() throws IOException {
    Path cpu = Packaged.workFolder("gpu").resolve("cpu");
    Path gpu = Packaged.workFolder("gpu").resolve("gpu");
    run(cpu, "cpu").run(Packaged.command()).ok();
    JvmRun.Finished ran = run(gpu, "cuda").onEmulatedGpu("").run(Packaged.command()).ok();
    assertTrue(ran.err().contains("cuda kernels"), ran::toString);
    JsonNode described = new JsonMapper().readTree(gpu.resolve("run.json").toFile());
    assertEquals("cuda", described.get("device").stringValue());
    assertEquals("cuda", described.at("/saes/0/kernel").stringValue());
    List<String> wanted = Files.readAllLines(cpu.resolve("features.jsonl"));
    List<String> got = Files.readAllLines(gpu.resolve("features.jsonl"));
    assertEquals(wanted.size(), got.size());
    for (int token = 0; token < wanted.size(); token++) {
      assertSame(features(wanted.get(token)), features(got.get(token)));
    }
  }

  private static Map<Integer, Double> features(String line) {
    Map<Integer, Double> features = new TreeMap<>();
    for (JsonNode feature : new JsonMapper().readTree(line).get("features")) {
      features.put(feature.get(0).intValue(), feature.get(1).doubleValue());
    }
    return features;
  }

  private static void assertSame(Map<Integer, Double> wanted, Map<Integer, Double> got) {
    assertEquals(wanted.keySet(), got.keySet());
    wanted.forEach((feature, value) -> assertEquals(value, got.get(feature), 1e-4, "" + feature));
  }

  @ParameterizedTest
  @CsvSource({
    "cuda, devices=0, 1, sees no GPU",
    "cuda, capability=7.5, 1, has compute capability 7.5",
    "cuda, memory=64k, 1, too little free memory",
    "auto, driver=11040, 0, install NVIDIA driver 525 or later. SAEs run on the CPU.",
    "auto, memory=64k, 0, The CPU is used in its place."
  })
  void whatCannotBeUsedIsASentence(String device, String settings, int exit, String words) {
    Path folder = Packaged.workFolder("gpu").resolve("run");
    JvmRun.Finished ran = run(folder, device).onEmulatedGpu(settings).run(Packaged.command());
    assertEquals(exit, ran.exit(), ran::toString);
    assertEquals(2, ran.err().split(Pattern.quote(words), -1).length, ran::toString);
  }

  @Test
  void doctorDescribesIt() {
    JvmRun.Finished ran = Trainings.tapscope("doctor").onEmulatedGpu("").run(Packaged.command());
    assertTrue(ran.out().contains("compute capability 9.0"), ran::toString);
    assertTrue(ran.out().contains("SAEs run and are trained on the GPU"), ran::toString);
  }
}
