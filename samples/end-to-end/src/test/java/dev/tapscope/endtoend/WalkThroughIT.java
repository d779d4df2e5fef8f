package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The README's way from a corpus to an SAE of one's own, as it is written there. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class WalkThroughIT {
  private static final String TITLE = "**Train an SAE, and judge it.**";

  /** Of all commands together, on a busy machine. */
  private static final Duration PATIENCE = Duration.ofMinutes(15);

  /**
   * What it makes is no match for the shipped {@code average_l0_26} (FVU 0.095, delta loss 0.020),
   * after a fourteenth of its steps on a thirtieth of its text; but it is an SAE that can be used.
   */
  @Test
  void theWalkThroughMakesAnSaeThatCanBeUsed() throws IOException {
    Path folder = checkout();
    JvmRun.Finished shown =
        new JvmRun(List.of("-c", "cd '%s' && set -eu\n%s".formatted(folder, commands())), List.of())
            .start(Path.of("/bin/sh"))
            .await(PATIENCE)
            .ok();
    JsonNode judged =
        new JsonMapper()
            .readTree(Files.readString(folder.resolve("samples/target/walk/judged/eval.json")))
            .get("saes")
            .get(0);
    System.out.println("walk-through: " + judged);
    assertTrue(judged.get("l0").doubleValue() <= 64, judged::toString);
    assertTrue(judged.get("fvu_about_dataset_mean").doubleValue() <= 0.2, judged::toString);
    assertTrue(judged.get("delta_loss").doubleValue() <= 0.2, judged::toString);
    assertTrue(shown.out().contains("mine"), shown::toString);
  }

  /** The block of commands under the title. */
  private static String commands() throws IOException {
    String readme = Files.readString(Packaged.repository().resolve("README.md"));
    String section = readme.substring(readme.indexOf(TITLE));
    int begin = section.indexOf("```\n") + 4;
    return section.substring(begin, section.indexOf("```", begin));
  }

  /** A folder that looks like the checkout, in which what the commands write is its own. */
  private static Path checkout() throws IOException {
    Path folder = Packaged.workFolder("walk");
    for (String name : List.of("instrument-agent", "sae-runtime", "test-fixtures")) {
      Files.createSymbolicLink(folder.resolve(name), Packaged.repository().resolve(name));
    }
    Path samples = Files.createDirectory(folder.resolve("samples"));
    Files.createSymbolicLink(
        samples.resolve("gemma2"), Packaged.repository().resolve("samples/gemma2"));
    return folder;
  }
}
