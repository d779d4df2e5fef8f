package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With a cuBLAS for CPUs beside the emulated driver: version 12, and version 13 behind ours. */
final class CublasTest {
  private static final Path EMULATION = Path.of("target/emulation").toAbsolutePath();
  private static final Path SOURCES = Path.of("src/main/cublas");

  @TempDir private Path folder;

  private record Outcome(int status, String output) {}

  private static Outcome trial(Map<String, String> environment, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    if (!List.of(arguments).contains("cost")) {
      command.add("-XX:TieredStopAtLevel=1"); // but where time is told
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    if (!environment.containsKey(CublasPlaces.VARIABLE)) {
      // Nothing chosen: it is looked for.
      command.add("-D%s=".formatted(CublasPlaces.PROPERTY));
    }
    command.add(CublasTrial.class.getName());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("LD_LIBRARY_PATH");
    builder.environment().put("PATH", "/nowhere");
    builder.environment().putAll(environment);
    try {
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Outcome(process.waitFor(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path library(int version) {
    Path file =
        EMULATION.resolve("cublas%d".formatted(version), "libcublas.so.%d".formatted(version));
    Assumptions.assumeTrue(Files.exists(file), "the emulated cuBLAS was not built");
    return file;
  }

  private static Map<String, String> chosen(Path library) {
    return Map.of(CublasPlaces.VARIABLE, library.toString());
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void productsAreRight(int version) {
    Outcome outcome = trial(chosen(library(version)), "products");
    assertEquals(0, outcome.status(), outcome.output());
    String found =
        "Found[library=%s, version=%d.0.0, forwarded=%s]"
            .formatted(library(version), version, version == 13);
    assertTrue(outcome.output().contains(found), outcome.output());
    assertTrue(outcome.output().contains("live allocations 0"), outcome.output());
    assertFalse(outcome.output().contains("not freed"), outcome.output());
  }

  /** Encoders and dense steps, by what gpu-check holds against double precision. */
  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void whatUsesThemIsRight(int version) {
    Outcome outcome =
        trial(chosen(library(version)), "check", folder.resolve("measures").toString());
    assertEquals(0, outcome.status(), outcome.output());
  }

  @Test
  void stepsAreFewLaunches() {
    Outcome outcome = trial(chosen(library(12)), "cost");
    assertEquals(0, outcome.status(), outcome.output());
    System.out.print(outcome.output());
  }

  @Test
  void aLibraryOnTheLoadersPathIsFound() {
    String path = library(13).getParent().toString();
    Outcome outcome = trial(Map.of("LD_LIBRARY_PATH", path), "probe");
    assertTrue(outcome.output().contains("library=libcublas.so.13"), outcome.output());
  }

  @Test
  void version12IsPreferred() {
    String path = "%s:%s".formatted(library(13).getParent(), library(12).getParent());
    Outcome outcome = trial(Map.of("LD_LIBRARY_PATH", path), "probe");
    assertTrue(outcome.output().contains("library=libcublas.so.12"), outcome.output());
  }

  /**
   * A JVM that cannot start cuBLAS says so, and does not crash by giving back what it never got.
   */
  @Test
  void aLibraryThatDoesNotStartIsASentence() {
    Outcome outcome =
        trial(
            Map.of(
                CublasPlaces.VARIABLE,
                library(13).toString(),
                "TAPSCOPE_EMULATED_CUBLAS_FAILS",
                "1"),
            "products");
    String sentence =
        "cuBLAS failed while starting: CUBLAS_STATUS_NOT_INITIALIZED. TAPSCOPE_CUBLAS=none does"
            + " without it.";
    assertTrue(outcome.output().contains(sentence), outcome.output());
    assertEquals(1, outcome.status(), outcome.output());
  }

  @Test
  void whatIsNotWantedIsNotLookedFor() {
    Outcome outcome = trial(Map.of(CublasPlaces.VARIABLE, "none"), "probe");
    String sentence = "The environment variable TAPSCOPE_CUBLAS says to do without cuBLAS.";
    assertTrue(outcome.output().contains(sentence), outcome.output());
  }

  @Test
  void anotherLibraryIsNoCublas() {
    Outcome outcome =
        trial(Map.of(CublasPlaces.VARIABLE, "/lib/x86_64-linux-gnu/libm.so.6"), "probe");
    assertTrue(
        outcome.output().contains("libm.so.6 is no cuBLAS.")
            || outcome.output().contains("can be loaded"),
        outcome.output());
  }

  @Test
  void whereThereIsNoneTheSentenceSaysWhatToDo() {
    Outcome outcome = trial(chosen(folder), "probe");
    String sentence = "%s, where no libcublas.so.12 or libcublas.so.13 can be loaded.";
    assertTrue(outcome.output().contains(sentence.formatted(folder)), outcome.output());
  }

  @Test
  void wheelsAndToolkitsAreLookedInto() throws IOException {
    Path python = folder.resolve("venv/lib/python3.12/site-packages/nvidia");
    Path cuda = folder.resolve("local/cuda-12.4/lib64");
    List<Path> files =
        List.of(
            cuda.resolve("libcublas.so.12"),
            python.resolve("cublas/lib/libcublas.so.12"),
            python.resolve("cu13/lib/libcublas.so.13"));
    for (Path file : files) {
      Files.createDirectories(file.getParent());
      Files.createFile(file);
    }
    CublasPlaces places =
        new CublasPlaces(
            Optional.empty(), List.of(folder.resolve("venv")), folder.resolve("local"));
    List<String> expected =
        List.of(
            "libcublas.so.12",
            files.get(0).toString(),
            files.get(1).toString(),
            "libcublas.so.13",
            files.get(2).toString());
    assertEquals(expected, places.candidates());
  }

  /** Whoever changes the forwarding library's sources builds it anew. */
  @Test
  void theForwardingLibraryIsOfItsSources() throws IOException, NoSuchAlgorithmException {
    List<String> expected = new ArrayList<>();
    for (String name : List.of("functions.txt", "forward.c", "forward.map", "build")) {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(SOURCES.resolve(name)));
      expected.add("%s  %s".formatted(HexFormat.of().formatHex(digest), name));
    }
    try (InputStream stream = Cublas.class.getResourceAsStream("libcublas.so.12.sources")) {
      String sums = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(expected, sums.lines().toList(), "run src/main/cublas/build");
    }
  }

  /** The list of functions is what JCuda's library wants. */
  @Test
  void everyFunctionThatJcudaCallsIsForwarded() throws IOException {
    String resource = "/lib/libJCublas2-12.6.0-linux-x86_64.so";
    try (InputStream stream = Cublas.class.getResourceAsStream(resource);
        Stream<String> names = Files.lines(SOURCES.resolve("functions.txt"))) {
      String library = new String(stream.readAllBytes(), StandardCharsets.ISO_8859_1);
      List<String> missing = names.filter(name -> !library.contains('\0' + name + '\0')).toList();
      assertEquals(List.of(), missing);
      // Imports lie together, and begin with a zero byte; JCuda's own names begin with Java_.
      Set<String> wanted =
          Stream.of(library.split("\0", -1))
              .filter(name -> name.matches("cublas[A-Z][A-Za-z0-9]*(_v2)?(_64)?"))
              .collect(Collectors.toSet());
      wanted.removeAll(Files.readAllLines(SOURCES.resolve("functions.txt")));
      assertEquals(Set.of(), wanted);
    }
  }
}
