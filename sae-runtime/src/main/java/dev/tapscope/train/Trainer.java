package dev.tapscope.train;

import dev.tapscope.sae.Convention;
import dev.tapscope.sae.SaeWriter;
import dev.tapscope.step.Batch;
import dev.tapscope.step.BegunStep;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StateArray;
import dev.tapscope.step.StepReport;
import dev.tapscope.store.RowSource;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Several SAEs that go through the same rows together. What it does is decided by the plan and the
 * sources alone. Used by one thread at a time; owns the sources it is given.
 */
public final class Trainer implements AutoCloseable {
  private final Plan plan;
  private final SaeMaker maker;
  private final Feeds feeds;
  private final List<Trainee> trainees = new ArrayList<>();
  private long step;
  private OptionalLong kept = OptionalLong.empty();
  private boolean stepping;

  private Trainer(
      Plan plan,
      Map<String, ? extends RowSource> sources,
      Map<String, Scaling> scalings,
      SaeMaker maker) {
    this.plan = plan;
    this.maker = maker;
    feeds = new Feeds(plan.sites(), sources, scalings, plan.course().batch());
    orClose(() -> plan.tasks().forEach(task -> make(task, sources.get(task.recipe().site()))));
  }

  private void make(Task task, RowSource source) {
    Dimensions dimensions =
        new Dimensions(source.inputs(), task.recipe().width(), source.outputs());
    SaeInTraining sae = maker.make(dimensions, task.recipe().method(), plan.course().batch());
    trainees.add(
        new Trainee(
            task,
            new Schedule(task.recipe(), plan.course().steps()),
            feeds.of(task.recipe().site()),
            sae,
            maker));
  }

  /** Gives back what has been taken where the beginning fails. */
  private void orClose(Runnable beginning) {
    try {
      beginning.run();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Begins. Each source is read once in full, for its scale and its mean.
   *
   * @param sources by site; each stands at its beginning
   * @throws TapscopeException {@code rows-degenerate}
   */
  public static Trainer start(Plan plan, Map<String, ? extends RowSource> sources, SaeMaker maker) {
    Map<String, Scaling> scalings = new LinkedHashMap<>();
    Map<String, double[]> means = new LinkedHashMap<>();
    for (String site : plan.sites()) {
      RowStatistics statistics = RowStatistics.of(site, sources.get(site));
      Scaling scaling = plan.course().normalise() ? statistics.scaling() : Scaling.NONE;
      scalings.put(site, scaling);
      double[] mean = statistics.outputMean();
      for (int i = 0; i < mean.length; i++) {
        mean[i] /= scaling.output();
      }
      means.put(site, mean);
    }
    Trainer trainer = new Trainer(plan, sources, scalings, maker);
    trainer.orClose(() -> {
      for (Trainee trainee : trainer.trainees) {
        Recipe recipe = trainee.task().recipe();
        new FirstWeights(recipe, trainee.sae()).set(means.get(recipe.site()));
      }
    });
    return trainer;
  }

  /**
   * Goes on where a checkpoint was written: on the device it was made on, every bit that follows is
   * the one that would have followed.
   *
   * @param sources by site; equal to those of the training that wrote it
   * @throws TapscopeException {@code checkpoint-unreadable}
   */
  public static Trainer resume(
      Path file, Checkpoint checkpoint, Map<String, ? extends RowSource> sources, SaeMaker maker) {
    Trainer trainer = new Trainer(checkpoint.plan(), sources, checkpoint.scalings(), maker);
    trainer.orClose(() -> {
      StateFile.read(file, trainer.arrays());
      trainer.feeds.seek(checkpoint.places());
    });
    trainer.step = checkpoint.step();
    trainer.kept = OptionalLong.of(checkpoint.step());
    return trainer;
  }

  public Plan plan() {
    return plan;
  }

  /** Steps taken. */
  public long step() {
    return step;
  }

  public boolean finished() {
    return step >= plan.course().steps();
  }

  /**
   * Takes the next step with every SAE.
   *
   * @return what it has shown of each, in the order of the tasks; nothing where the course logs
   *     nothing and no dead features began anew
   * @throws TapscopeException {@code loss-nonfinite}: this trainer cannot go on
   */
  public List<StepMetrics> next() {
    boolean resamples = trainees.stream().anyMatch(t -> t.schedule().resamples(step));
    boolean logged = resamples || plan.course().logs(step);
    Map<Feed, Batch> batches = feeds.next();
    Map<Feed, Double> variances = new LinkedHashMap<>();
    if (logged) {
      batches.keySet().forEach(feed -> variances.put(feed, feed.variance()));
    }
    stepping = true;
    List<OptionalLong> resampled = new ArrayList<>();
    List<BegunStep> begun = new ArrayList<>();
    for (Trainee trainee : trainees) {
      Batch batch = batches.get(trainee.feed());
      resampled.add(trainee.resample(batch, plan.course(), step));
      begun.add(trainee.begin(batch, step));
    }
    lookAhead(begun);
    List<StepMetrics> metrics = new ArrayList<>();
    for (int i = 0; i < begun.size(); i++) {
      Trainee trainee = trainees.get(i);
      StepReport report = trainee.finish(begun.get(i), step);
      if (logged) {
        double variance = variances.get(trainee.feed());
        metrics.add(trainee.metrics(plan.course(), step, resampled.get(i), report, variance));
      }
    }
    step++;
    stepping = false;
    return metrics;
  }

  /** Brings the next step's rows on their way while this one's are computed elsewhere. */
  private void lookAhead(List<BegunStep> begun) {
    boolean last = step + 1 >= plan.course().steps();
    if (last || begun.stream().noneMatch(BegunStep::running)) {
      return;
    }
    Map<Feed, Batch> batches = feeds.lookAhead();
    for (int i = 0; i < begun.size(); i++) {
      Trainee trainee = trainees.get(i);
      Batch next = batches.get(trainee.feed());
      if (next != null) {
        trainee.expect(begun.get(i), next, step + 1);
      }
    }
  }

  /** Whether every SAE has taken all steps and no more, so that training could go on. */
  boolean betweenSteps() {
    return !stepping;
  }

  /** Steps taken when it was last saved, if it has been, or in the checkpoint it came from. */
  public OptionalLong kept() {
    return kept;
  }

  /**
   * Keeps everything {@link #resume} needs.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  public void save(Path file) {
    Map<String, Scaling> scalings = new LinkedHashMap<>();
    plan.sites().forEach(site -> scalings.put(site, feeds.of(site).scaling()));
    Checkpoint checkpoint = new Checkpoint(plan, step, scalings, feeds.places(), maker.device());
    StateFile.write(file, checkpoint.metadata(), arrays());
    kept = OptionalLong.of(step);
  }

  /**
   * An SAE as it is now, folded: it runs on rows as they are, without a scale or a bias taken off
   * (arXiv 2408.05147, appendix A).
   *
   * @param arena for the copy; has to be open until it is written
   */
  public SaeWriter folded(Task task, Arena arena) {
    Trainee trainee =
        trainees.stream().filter(t -> t.task().equals(task)).findFirst().orElseThrow();
    Scaling scaling = trainee.feed().scaling();
    return SaeWriter.folding(
        LastWeights.of(trainee.sae(), arena),
        new Convention(task.recipe().method().preBias(), scaling.input(), scaling.output()));
  }

  /** The arrays of all SAEs, by their names in a checkpoint. */
  private Map<String, StateArray> arrays() {
    Map<String, StateArray> arrays = new LinkedHashMap<>();
    for (Trainee trainee : trainees) {
      for (StateArray array : trainee.sae().state()) {
        arrays.put(trainee.task().name() + "/" + array.name(), array);
      }
    }
    return arrays;
  }

  @Override
  public void close() {
    trainees.forEach(trainee -> trainee.sae().close());
    feeds.close();
  }
}
