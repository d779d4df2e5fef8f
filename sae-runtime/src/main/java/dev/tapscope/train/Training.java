package dev.tapscope.train;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A trainer at work in a folder: its metrics, its checkpoints.
 *
 * @param checkpointEvery time from one checkpoint to the next; there is one at the beginning and
 *     one at the end, too
 * @param tensorBoard whether event files are written
 * @param shown is given what {@code metrics.jsonl} is given
 */
public record Training(
    Trainer trainer,
    Path folder,
    Duration checkpointEvery,
    boolean tensorBoard,
    Consumer<List<StepMetrics>> shown) {

  /**
   * Trains until it is done or told to stop, and keeps a checkpoint either way.
   *
   * @param stop asked after every step
   * @return whether it is done
   * @throws TapscopeException {@code file-unwritable}, {@code loss-nonfinite} or {@code
   *     device-failed}; the last checkpoint is kept, if there is one: {@link Trainer#kept}. What a
   *     source throws that has no rows; a checkpoint of all steps so far is kept
   */
  public boolean run(BooleanSupplier stop) {
    Path checkpoint = folder.resolve(Checkpoint.FILE);
    createFolder();
    try (MetricsLog log = MetricsLog.after(folder, trainer.step());
        TensorBoard board = openBoard()) {
      trainer.save(checkpoint);
      long saved = System.nanoTime();
      while (!trainer.finished() && !stop.getAsBoolean()) {
        List<StepMetrics> metrics;
        try {
          metrics = trainer.next();
        } catch (TapscopeException e) {
          if (trainer.betweenSteps()) { // no rows: what has been trained is whole
            log.flush();
            trainer.save(checkpoint);
          }
          if (stop.getAsBoolean()) {
            return false;
          }
          throw e;
        }
        log.add(metrics);
        board.add(metrics);
        shown.accept(metrics);
        if (System.nanoTime() - saved >= checkpointEvery.toNanos()) {
          log.flush();
          trainer.save(checkpoint);
          saved = System.nanoTime();
        }
      }
      log.flush();
      trainer.save(checkpoint);
    }
    return trainer.finished();
  }

  private void createFolder() {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "The folder %s cannot be made: %s. Give --out a path in a folder that is writable."
              .formatted(folder, e),
          e);
    }
  }

  private TensorBoard openBoard() {
    return tensorBoard
        ? TensorBoard.open(folder, trainer.plan(), trainer.step(), InstantSource.system())
        : TensorBoard.off();
  }
}
