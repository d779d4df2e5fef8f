package gemma2.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.RandomModel;
import gemma2.testing.TinyTokenizer;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts the program in a JVM of its own. */
class WithoutVectorModuleTest {

  @TempDir Path folder;

  @Test
  void runsOnPlainLoopsAndSaysSoOnce() throws IOException, InterruptedException {
    new RandomModel().write(folder);
    TinyTokenizer.standard().write(folder);
    File out = folder.resolve("out").toFile();
    File err = folder.resolve("err").toFile();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                Path.of("target", "classes").toString(),
                "gemma2.cli.Main",
                "generate",
                "--model",
                folder.toString(),
                "--prompt",
                "ab",
                "-n",
                "4",
                "--json")
            .redirectOutput(out)
            .redirectError(err)
            .start();
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), "it ends");
    String remarks = Files.readString(err.toPath(), StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), remarks);
    assertEquals(2, remarks.split("The Vector API is not available", -1).length, remarks);
    assertTrue(Files.readString(out.toPath()).contains("\"kernels\":\"plain loops\""), remarks);
  }
}
