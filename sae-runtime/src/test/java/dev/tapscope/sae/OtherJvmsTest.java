package dev.tapscope.sae;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** SAEs in JVMs with other flags than the tests'. */
final class OtherJvmsTest {
  @Test
  void withoutTheVectorApiPlainLoopsGiveTheSameGatesAndSaySo() throws Exception {
    List<String> with = run("--add-modules", "jdk.incubator.vector");
    List<String> without = run();
    assertEquals("vector", with.getFirst().split(" ")[0]);
    assertEquals(with.getFirst().replace("vector", "plain"), without.getFirst());
    assertTrue(without.get(1).contains("add --add-modules jdk.incubator.vector"), without.get(1));
  }

  @Test
  void tooLittleMemoryIsASentence() throws Exception {
    String line = run("-XX:MaxDirectMemorySize=600k").getFirst();
    assertTrue(line.startsWith("tapscope: [sae-memory] "), line);
    assertTrue(line.contains("needs 1 MiB outside the Java heap"), line);
  }

  private static List<String> run(String... flags) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(EncodeOnce.class.getName(), Fixtures.resSae().toString()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "it still runs");
    assertEquals(0, process.exitValue(), output);
    return output.lines().toList();
  }
}
