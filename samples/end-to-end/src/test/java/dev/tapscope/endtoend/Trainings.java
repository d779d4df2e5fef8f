package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * Trainings of one recipe in one folder each.
 *
 * @param train begins one in a folder
 * @param undisturbed where one was left alone
 * @param results what the others must have, byte for byte
 */
record Trainings(Function<Path, JvmRun> train, Path undisturbed, List<String> results) {
  /** A command of the start script. */
  static JvmRun tapscope(String... arguments) {
    return new JvmRun(List.of(), List.of(arguments));
  }

  static JvmRun resume(Path out) {
    return tapscope("train", "--resume", out.toString(), "--checkpoint-minutes", "0.002");
  }

  /** As somebody would: on from a checkpoint, where there is one. */
  JvmRun begin(Path out) {
    return Files.exists(out.resolve("checkpoint.safetensors")) ? resume(out) : train.apply(out);
  }

  void assertUndisturbed(Path out) throws IOException {
    for (String file : results) {
      assertEquals(-1, Files.mismatch(undisturbed.resolve(file), out.resolve(file)), file);
    }
  }
}
