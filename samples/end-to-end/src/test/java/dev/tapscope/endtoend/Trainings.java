package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Trainings of one recipe in one folder each.
 *
 * @param train begins one in a folder
 * @param undisturbed where one was left alone
 * @param finished what that one said
 * @param milliseconds it took: others are killed within as long
 * @param results what the others must have, byte for byte
 */
record Trainings(
    Function<Path, JvmRun> train,
    Path undisturbed,
    JvmRun.Finished finished,
    long milliseconds,
    List<String> results) {
  /** Runs the one that is left alone. */
  static Trainings of(Function<Path, JvmRun> train, Path undisturbed, List<String> results) {
    long began = System.nanoTime();
    JvmRun.Finished finished = train.apply(undisturbed).run(Packaged.command()).ok();
    long milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    return new Trainings(train, undisturbed, finished, milliseconds, results);
  }

  /** A command of the start script. */
  static JvmRun tapscope(String... arguments) {
    return new JvmRun(List.of(), List.of(arguments));
  }

  /** Goes on from a checkpoint, in the same kind of JVM. */
  JvmRun resume(Path out) {
    return train
        .apply(out)
        .instead("train", "--resume", out.toString(), "--checkpoint-minutes", "0.002");
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

  /**
   * Kills trainings of one folder at random moments, then lets one come to its end, which must be
   * the undisturbed one. The models of those that have one must go with them.
   */
  void kill(int times, long seed) throws IOException, InterruptedException {
    Path out = Packaged.workFolder("killed").resolve("out");
    System.out.println("kills of " + out + " at moments of seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < times; i++) {
      JvmRun.Started started = begin(out).start(Packaged.command());
      if (!started.process().waitFor(random.nextLong(milliseconds), TimeUnit.MILLISECONDS)) {
        List<ProcessHandle> models = started.process().descendants().toList();
        started.process().destroyForcibly().waitFor();
        assertGone(models);
      }
    }
    begin(out).run(Packaged.command()).ok();
    assertUndisturbed(out);
  }

  /** A model notices that nobody reads its rows when it has some. */
  private static void assertGone(List<ProcessHandle> models) throws InterruptedException {
    for (ProcessHandle model : models) {
      for (int i = 0; model.isAlive() && i < 300; i++) {
        TimeUnit.MILLISECONDS.sleep(100);
      }
      assertFalse(model.isAlive(), () -> "left behind: " + model.info());
    }
  }
}
