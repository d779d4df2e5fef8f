package dev.tapscope.train;

import dev.tapscope.cuda.GpuException;
import dev.tapscope.step.Batch;
import dev.tapscope.step.BegunStep;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StepReport;
import dev.tapscope.tap.TapscopeException;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * One SAE of a run: what is to become of it and how far it is.
 *
 * @param maker has made it
 */
record Trainee(Task task, Schedule schedule, Feed feed, SaeInTraining sae, SaeMaker maker) {
  /**
   * Begins a step.
   *
   * @param step from 0
   */
  BegunStep begin(Batch batch, long step) {
    return taking(step, () -> sae.begin(batch, schedule.at(step)));
  }

  /**
   * Hands over the batch of the step that follows one.
   *
   * @param step the one that follows, from 0
   */
  void expect(BegunStep begun, Batch next, long step) {
    taking(
        step,
        () -> {
          begun.expect(next);
          return next;
        });
  }

  StepReport finish(BegunStep begun, long step) {
    return taking(step, begun::finish);
  }

  /** Does a part of a step; what goes wrong is a sentence. */
  private <T> T taking(long step, Supplier<T> part) {
    try {
      return part.get();
    } catch (ArithmeticException e) {
      throw TapscopeException.failed(
          "loss-nonfinite",
          "The loss of SAE %s is not finite at step %d (%s). Training has stopped. Train with a smaller lr (now %s) or with clip=1, and check the rows with tapscope harvest verify."
              .formatted(task.name(), step + 1, e.getMessage(), task.recipe().learningRate()),
          e);
    } catch (GpuException e) {
      throw TapscopeException.failed(
          "device-failed",
          "SAE %s cannot take step %d. %s Training has stopped; from a checkpoint it can go on without the GPU, with --device cpu."
              .formatted(task.name(), step + 1, e.getMessage()),
          e);
    }
  }

  /**
   * Gives dead features a new beginning before a step, where it is their time.
   *
   * @param batch of that step
   * @param step from 0
   * @return how many, where it is
   */
  OptionalLong resample(Batch batch, Course course, long step) {
    return schedule.resamples(step)
        ? OptionalLong.of(taking(step, () -> resampling(course).run(batch, step)))
        : OptionalLong.empty();
  }

  private Resampling resampling(Course course) {
    return new Resampling(task.recipe(), sae, course.deadAfter(), maker::kernels);
  }

  StepMetrics metrics(
      Course course, long step, OptionalLong resampled, StepReport report, double variance) {
    return new StepMetrics(
        task.name(),
        step + 1,
        (step + 1) * course.batch(),
        report.reconstruction() / variance,
        taking(step, () -> Numbers.of(sae, "tokens_since_fired").atLeast(course.deadAfter())),
        resampled,
        schedule.at(step),
        report);
  }
}
