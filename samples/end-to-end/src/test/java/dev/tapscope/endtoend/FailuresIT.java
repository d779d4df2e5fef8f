package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.SafetensorsWriter;
import dev.tapscope.fixtures.Tensor;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What can go wrong under the agent goes wrong loudly: the contract's exit code, an error id of its
 * own, and one sentence that says what was wanted, what is there and what to do.
 */
class FailuresIT {
  private static final int FAILED = 1;
  private static final int USAGE = 2;
  private static final int CHECK = 3;

  /** The line the agent prints; the id is the short name in brackets. */
  private static final Pattern LINE = Pattern.compile("(?m)^tapscope: \\[([a-z0-9-]+)] (.+)$");

  private static final Map<String, String> LINES = new TreeMap<>();

  /**
   * A mistake of the user or of a file.
   *
   * @param exit the exit code it must end with
   * @param id the error id it must carry
   * @param words what its sentence must name
   * @param options agent options, the run folder aside
   */
  record Failure(String name, int exit, String id, List<String> words, List<String> options) {
    Failure naming(String... more) {
      return new Failure(name, exit, id, List.of(more), options);
    }

    Failure with(String... more) {
      return new Failure(name, exit, id, words, List.of(more));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Failure> failures() throws IOException {
    Path folder = Packaged.workFolder("failures");
    Path params = Fixtures.resSae().resolve("params.npz");
    return Stream.of(
        failure("a profile for a class that is nowhere", CHECK, "class-never-loaded")
            .naming("gemma2.model.Blok")
            .with(profile(folder, "Block.forward(", "Blok.forward("), "capture=res.*"),
        failure("a profile for another method", CHECK, "method-missing")
            .naming("gemma2.model.Block", "forwards")
            .with(profile(folder, "Block.forward(", "Block.forwards("), "capture=res.*"),
        failure("2 of 2 where there is another number", CHECK, "store-count")
            .naming("residPost", "2 of 2", "found 1", "1 of 1")
            .with(
                profile(folder, "store local residPost 1 of 1", "store local residPost 2 of 2"),
                "capture=res.*"),
        failure("an unknown site", CHECK, "site-unknown")
            .naming("resid", "res")
            .with("profile=gemma2", "capture=resid.3"),
        failure("a layer that the model does not have", CHECK, "site-never-fired")
            .naming("res.9")
            .with("profile=gemma2", "capture=res.9"),
        failure("an unknown profile", USAGE, "profile-unknown")
            .naming("gemma3")
            .with("profile=gemma3", "capture=res.3"),
        failure("an unknown option", USAGE, "option-unknown")
            .naming("captured")
            .with("profile=gemma2", "captured=res.3"),
        failure("an SAE of another width than its site", CHECK, "sae-width")
            .naming("128", "512", "mlp_act.3")
            .with("profile=gemma2", "sae.l9=mlp_act.3 " + params),
        failure("a strength in maxima without stats", FAILED, "stats-missing")
            .naming("stats.safetensors", "1.25x")
            .with(
                "profile=gemma2",
                "sae.l9=res.3 " + Files.copy(params, folder.resolve("params.npz")),
                "edit.1=steer l9/76 1.25x"),
        failure("a feature that the SAE does not have", USAGE, "edit-feature")
            .naming("1024")
            .with("profile=gemma2", "sae.l9=res.3 " + params, "edit.1=steer l9/1024 4"),
        failure("a mean of another width than its site", CHECK, "edit-width")
            .naming("res.3 have 128", "3 values", "wide.safetensors")
            .with("profile=gemma2", "edit.1=mean res.3 " + wide(folder)),
        failure("a file of several tensors", FAILED, "edit-source")
            .naming("res.3", "density")
            .with(
                "profile=gemma2",
                "edit.1=add res.3 " + Fixtures.resSae().resolve("stats.safetensors")),
        failure("a patch from a run that is not there", FAILED, "run-missing")
            .naming("nowhere")
            .with(
                "profile=gemma2",
                "edit.1=patch res.3 @last from " + folder.resolve("nowhere#0@last")),
        failure("a truncated npz", FAILED, "npz-corrupt")
            .naming("truncated.npz")
            .with("profile=gemma2", "sae.l9=res.3 " + truncated(params, folder)),
        failure("a run folder below a file", FAILED, "out-unwritable")
            .naming("file/run")
            .with(
                "profile=gemma2",
                "capture=res.3",
                "out=" + Files.createFile(folder.resolve("file")).resolve("run")),
        failure("a run folder that is there", FAILED, "out-exists")
            .naming("out.overwrite=true")
            .with("profile=gemma2", "capture=res.3", "out=" + folder));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void endsWithItsExitCodeItsIdAndASentence(Failure failure) {
    String[] options =
        failure.options.stream().anyMatch(option -> option.startsWith("out="))
            ? failure.options.toArray(String[]::new)
            : Stream.concat(
                    failure.options.stream(),
                    Stream.of("out=" + Packaged.workFolder("failure").resolve("run")))
                .toArray(String[]::new);
    JvmRun.Finished finished =
        JvmRun.gemma2("generate", "--model", Fixtures.tinyGemma2().toString())
            .with("--prompt", "The City of Light is", "-n", "2")
            .agent(options)
            .brief()
            .run();
    Map<String, String> sentences = new LinkedHashMap<>();
    LINE.matcher(finished.err()).results().forEach(r -> sentences.put(r.group(1), r.group(2)));
    assertEquals(failure.exit, finished.exit(), finished::toString);
    sentences.remove("profile-misfit"); // sums up the sites' own lines
    assertEquals(Set.of(failure.id), sentences.keySet(), finished::toString);
    String sentence = sentences.get(failure.id);
    LINES.put(failure.name, "[" + failure.id + "] " + sentence);
    assertTrue(sentence.endsWith("."), sentence);
    for (String word : failure.words) {
      assertTrue(sentence.contains(word), () -> word + " in: " + sentence);
    }
    assertFalse(finished.err().contains("\tat "), finished::toString);
  }

  /** Capture alone works on Java 17; an SAE needs the runtime, which does not. */
  @Test
  void anSaeOnJava17IsRefusedInASentence() {
    Path java = Packaged.mavenJava();
    String version = new JvmRun(List.of(), List.of("--version")).run(java).ok().out();
    boolean seventeen = version.contains(" 17.");
    if (!seventeen) {
      System.out.println(
          "SKIPPED: Maven does not run on Java 17 but on " + version.lines().findFirst());
    }
    assumeTrue(seventeen, "Maven does not run on Java 17");
    JvmRun.Finished finished =
        new JvmRun(List.of(), List.of("-m", "jdk.compiler/com.sun.tools.javac.Main", "--version"))
            .agent(
                "profile=gemma2",
                "out=" + Packaged.workFolder("java17").resolve("run"),
                "sae.l9=res.3 " + Fixtures.resSae())
            .run(java);
    Matcher line = LINE.matcher(finished.err());
    assertTrue(line.find(), finished::toString);
    LINES.put("an SAE on Java 17", line.group());
    assertEquals(FAILED, finished.exit(), finished::toString);
    assertTrue(line.group(2).contains("17") && line.group(2).contains("25"), line.group());
  }

  @AfterAll
  static void printLines() {
    System.out.printf("%nFailures and what they say%n");
    LINES.forEach((name, line) -> System.out.printf("  %s:%n    %s%n", name, line));
  }

  private static Failure failure(String name, int exit, String id) {
    return new Failure(name, exit, id, List.of(), List.of());
  }

  private static String profile(Path folder, String from, String to) throws IOException {
    try (FileSystem jar = FileSystems.newFileSystem(Packaged.agent())) {
      String text = Files.readString(jar.getPath("dev/tapscope/profile/gemma2.taps"));
      assertTrue(text.contains(from), from);
      Path profile = Files.createTempFile(folder, "profile", ".taps");
      return "profile=" + Files.writeString(profile, text.replace(from, to));
    }
  }

  private static Path wide(Path folder) {
    Path file = folder.resolve("wide.safetensors");
    Tensor three = new Tensor(new int[] {3}, new double[] {1, 2, 3});
    SafetensorsWriter.write(file, SafetensorsWriter.Type.F32, Map.of("res.3", three), Map.of());
    return file;
  }

  private static Path truncated(Path file, Path folder) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Path truncated = folder.resolve("truncated.npz");
    return Files.write(truncated, Arrays.copyOf(bytes, bytes.length / 2));
  }
}
