package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Woven classes, written by the agent of a run. */
class DumpIT {
  @TempDir Path folder;

  private Result run(Path dump) throws IOException {
    Path profile = Files.writeString(folder.resolve("tiny.taps"), TinyProfile.text());
    return new ChildJvm(ChildJvm.thisJava(), folder)
        .agent("profile=" + profile + ",dump=" + dump)
        .run("n=1");
  }

  @Test
  void everyWovenClassIsWrittenWithWhatChanged() throws IOException {
    Path dump = folder.resolve("woven");
    Result result = run(dump);
    assertEquals(0, result.exit(), result.err());
    for (String name : List.of("TinyModel", "TinyModel$Block", "TinyModel$Sampler")) {
      byte[] original;
      try (InputStream in = targets.TinyModel.class.getResourceAsStream(name + ".class")) {
        original = in.readAllBytes();
      }
      Path orig = dump.resolve("targets." + name + ".orig.class");
      assertArrayEquals(original, Files.readAllBytes(orig));
      assertTrue(Files.size(dump.resolve("targets." + name + ".class")) > original.length);
    }
    String block = Files.readString(dump.resolve("targets.TinyModel$Block.diff"));
    assertEquals(6, block.lines().filter(l -> l.startsWith("+    INVOKEDYNAMIC tap(")).count());
    String model = Files.readString(dump.resolve("targets.TinyModel.diff"));
    assertTrue(model.contains("+    INVOKESTATIC dev/tapscope/boot/TapBridge.passEntered"), model);
    assertFalse(Files.exists(dump.resolve("targets.TinyModel$Norm.class")), "it was not woven");
  }

  @Test
  void aFolderThatCannotBeWrittenIsSaidBeforeTheModelRuns() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    Result result = run(file.resolve("woven"));
    assertEquals(1, result.exit(), result.err());
    assertEquals(List.of("dump-unwritable"), result.ids(), result.err());
    assertEquals("", result.out());
  }
}
