package dev.tapscope.cli;

import dev.tapscope.train.Course;
import dev.tapscope.train.StepMetrics;
import java.util.List;
import java.util.Locale;

/** How far training is, now and then, on standard error. */
final class TrainingProgress {
  private static final long SILENCE_NANOS = 10_000_000_000L;

  private final Screen screen;
  private final Course course;
  private final long first;
  private final long begun = System.nanoTime();
  private long said = begun - SILENCE_NANOS;

  /**
   * @param first steps taken before
   */
  TrainingProgress(Screen screen, Course course, long first) {
    this.screen = screen;
    this.course = course;
    this.first = first;
  }

  /**
   * Shows the figures of a step: of the first, of the last, where dead features begin anew, and
   * every ten seconds.
   */
  void show(List<StepMetrics> metrics) {
    long now = System.nanoTime();
    boolean resampled = metrics.stream().anyMatch(one -> one.resampled().isPresent());
    if (metrics.isEmpty()
        || !resampled && now - said < SILENCE_NANOS && metrics.getFirst().step() < course.steps()) {
      return;
    }
    said = now;
    double seconds = (now - begun) / 1e9;
    for (StepMetrics one : metrics) {
      screen.say(line(one, (one.step() - first) / seconds));
    }
  }

  private String line(StepMetrics one, double stepsASecond) {
    return String.format(
        Locale.ROOT,
        "%s  step %,d of %,d  %,.0f rows/s  %s left  loss %.4g  FVU %.4f  L0 %.2f  dead %,d%s  in"
            + " band %.2f  threshold moves %.1e, L0's share %.2f%s",
        one.name(),
        one.step(),
        course.steps(),
        stepsASecond * course.batch(),
        time((course.steps() - one.step()) / stepsASecond),
        one.report().loss(),
        one.fvu(),
        one.report().l0(),
        one.dead(),
        one.resampled().isPresent() ? ", %,d resampled".formatted(one.resampled().getAsLong()) : "",
        one.report().inBand(),
        one.report().thresholdMovement(),
        one.report().sparsityShare(),
        one.report().dense() ? "  dense" : "");
  }

  /** {@code 1:02:03}. */
  private static String time(double seconds) {
    long whole = (long) seconds;
    return "%d:%02d:%02d".formatted(whole / 3600, whole / 60 % 60, whole % 60);
  }
}
