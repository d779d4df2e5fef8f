package dev.tapscope.train;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One folder of event files for each SAE. Figures that SAELens logs, too, have the tag that they
 * have there, so that runs of both lie in one chart.
 */
final class TensorBoard implements AutoCloseable {
  static final String FOLDER = "tensorboard";

  private static final Map<String, String> TAGS =
      Map.ofEntries(
          Map.entry("loss", "losses/overall_loss"),
          Map.entry("reconstruction", "losses/mse_loss"),
          Map.entry("sparsity", "losses/sparsity"),
          Map.entry("fvu", "metrics/fvu"),
          Map.entry("l0", "metrics/l0"),
          Map.entry("dead", "sparsity/dead_features"),
          Map.entry("resampled", "sparsity/resampled_features"),
          Map.entry("in_band", "thresholds/in_band"),
          Map.entry("threshold_movement", "thresholds/movement"),
          Map.entry("sparsity_share", "thresholds/sparsity_share"),
          Map.entry("gradient_norm", "details/gradient_norm"),
          Map.entry("learning_rate", "details/current_learning_rate"),
          Map.entry("coefficient", "details/l0_coefficient"));

  private final Map<String, EventFile> files;

  private TensorBoard(Map<String, EventFile> files) {
    this.files = files;
  }

  /** Writes nothing. */
  static TensorBoard off() {
    return new TensorBoard(Map.of());
  }

  /**
   * @param folder of the training
   * @param step that has been taken already
   */
  static TensorBoard open(Path folder, Plan plan, long step, InstantSource clock) {
    Map<String, EventFile> files = new LinkedHashMap<>();
    for (Task task : plan.tasks()) {
      files.put(
          task.name(), EventFile.open(folder.resolve(FOLDER).resolve(task.name()), step, clock));
    }
    return new TensorBoard(files);
  }

  void add(List<StepMetrics> metrics) {
    if (files.isEmpty()) {
      return;
    }
    for (StepMetrics one : metrics) {
      Map<String, Double> scalars = new LinkedHashMap<>();
      one.figures().forEach((name, value) -> scalars.put(TAGS.get(name), value));
      if (Double.isFinite(one.fvu())) {
        scalars.put("metrics/explained_variance", 1 - one.fvu());
      }
      scalars.put("details/n_training_samples", (double) one.tokens());
      files.get(one.name()).scalars(one.step(), scalars);
    }
  }

  @Override
  public void close() {
    files.values().forEach(EventFile::close);
  }
}
