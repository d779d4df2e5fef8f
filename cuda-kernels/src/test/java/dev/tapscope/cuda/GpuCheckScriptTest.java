package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** gpu-pack and gpu-check from end to end, under the emulated driver. */
@Tag("full")
final class GpuCheckScriptTest {
  private static final Path EMULATION = Path.of("target/emulation").toAbsolutePath();

  @TempDir private static Path packed;
  @TempDir private Path out;

  @BeforeAll
  static void pack() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Files.exists(EMULATION.resolve("libcuda.so.1")), "the emulated driver was not built");
    int status =
        run(
            packed.resolve("pack.log"),
            "./gpu-pack",
            "--to",
            packed.resolve("gpu").toString(),
            "--classpath",
            System.getProperty("java.class.path"));
    assertEquals(0, status, Files.readString(packed.resolve("pack.log")));
  }

  private static int run(Path log, String... command) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("LD_LIBRARY_PATH", EMULATION.toString());
    builder.environment().put("TAPSCOPE_CUBLAS", EMULATION.resolve("cublas13").toString());
    return builder.start().waitFor();
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "encode", "step"})
  void aPartRunsAndNothingFails(String part) throws IOException, InterruptedException {
    Path log = out.resolve("log");
    int status =
        run(
            log,
            "./gpu-check",
            part,
            "--tiny",
            "--packed",
            packed.resolve("gpu").toString(),
            "--out",
            out.toString());
    String said = Files.readString(log, StandardCharsets.UTF_8);
    assertEquals(0, status, said);
    assertTrue(said.contains("G8  loss over 500 steps"), said);
    assertFalse(said.contains(Measures.FAILED), said);
    Map<String, Object> measures = Measures.read(out.resolve(part + ".tsv"));
    List<String> expected =
        switch (part) {
          case "check" -> List.of("kernels that load", "row gather from L2, GB/s");
          case "encode" -> List.of("F=96 encode exact, ms", "F=160 encode fast, ms");
          default -> List.of("F=192 step fast, ms", "arrays that differ between two runs");
        };
    for (String name : expected) {
      assertTrue(Measures.number(measures, name).isPresent(), name);
    }
    assertFalse(Files.exists(Path.of("results")) && mentionsEmulation(Path.of("results")));
  }

  private static boolean mentionsEmulation(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.anyMatch(file -> file.toString().contains("emulated"));
    }
  }

  @Test
  void withoutADriverThePartFailsAndSaysWhy() throws IOException, InterruptedException {
    Path log = out.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(
                "./gpu-check",
                "encode",
                "--packed",
                packed.resolve("gpu").toString(),
                "--out",
                out.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().remove("LD_LIBRARY_PATH");
    // Not asked of the driver: in this JVM that is the emulated one.
    Assumptions.assumeFalse(Files.exists(Path.of("/proc/driver/nvidia/version")), "there is a GPU");
    int status = builder.start().waitFor();
    assertEquals(1, status);
    assertTrue(Files.readString(log).contains("FAILED encode"), Files.readString(log));
  }
}
