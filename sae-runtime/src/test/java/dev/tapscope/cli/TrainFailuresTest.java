package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.store.Stores;
import dev.tapscope.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where files cannot be written, training says what is kept, and no more. */
class TrainFailuresTest {
  @TempDir private Path folder;
  private Path out;

  @BeforeEach
  void makeAStore() throws IOException {
    Stores.of(folder.resolve("store"), 12, "f32");
    out = folder.resolve("out");
  }

  private Typed train() {
    return Typed.command(
        "train",
        "--store",
        folder.resolve("store").toString(),
        "--out",
        out.toString(),
        "--site",
        "res.3",
        "--width",
        "4",
        "--steps",
        "6",
        "--batch",
        "5",
        "--device",
        "cpu");
  }

  private Typed resume() {
    return Typed.command("train", "--resume", out.toString(), "--device", "cpu");
  }

  /** Files are written under this name first. */
  private Path temporary() {
    return out.resolve(Checkpoint.FILE + ".tmp");
  }

  private static void assertUnwritable(Typed failed) {
    assertEquals(1, failed.exit(), failed::err);
    assertTrue(failed.err().contains("tapscope: [file-unwritable] "), failed::err);
  }

  @Test
  void theFirstCheckpoint() throws IOException {
    Files.createDirectories(temporary());
    Typed failed = train();
    assertUnwritable(failed);
    assertTrue(failed.err().contains("nothing is kept"), failed::err);
    assertTrue(failed.err().contains("there was none before it"), failed::err);
    assertFalse(failed.err().contains("--resume"), failed::err);
    Files.delete(temporary());
    assertEquals(0, train().exit(), "what it says that has to be done");
  }

  @Test
  void aLaterCheckpoint() throws IOException {
    assertEquals(0, train().exit());
    Files.createDirectories(temporary());
    Typed failed = resume();
    assertUnwritable(failed);
    assertTrue(
        failed.err().contains("6 steps are kept. Go on with: tapscope train --resume " + out),
        failed::err);
    assertTrue(failed.err().contains("the checkpoint before it is kept"), failed::err);
    Files.delete(temporary());
    assertEquals(0, resume().exit(), "what it says that has to be done");
  }

  @Test
  void theMetricsOfATrainingThatHasNoCheckpoint() throws IOException {
    Files.createDirectories(out.resolve("metrics.jsonl"));
    Typed failed = train();
    assertUnwritable(failed);
    assertTrue(failed.err().contains("nothing is kept"), failed::err);
    assertFalse(failed.err().contains("--resume"), failed::err);
    assertFalse(failed.err().contains("checkpoint is kept"), failed::err);
  }
}
