package dev.tapscope.attach;

import dev.tapscope.recording.CapturedRows;
import java.nio.file.Path;

/** The mean over the captured rows of a run, BOS left out. */
final class RunMean implements RowSource.Reader {
  private final Path folder;
  private final CapturedRows run;

  RunMean(Path folder) {
    this.folder = folder;
    this.run = CapturedRows.open(folder);
  }

  @Override
  public boolean has(String address) {
    return run.has(address);
  }

  @Override
  public GivenRows read(String address) {
    CapturedRows.Mean mean = run.mean(address);
    return GivenRows.everywhere(
        mean.values(),
        "mean over %d rows of %s in %s, BOS left out".formatted(mean.rows(), address, folder),
        run.notes(address));
  }
}
