package dev.tapscope.train;

import dev.tapscope.step.Rates;
import dev.tapscope.step.StepReport;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a step has shown of one SAE, measured with the parameters the step began with, in units of
 * the scaled rows.
 *
 * @param name of the SAE
 * @param step number of the step, from 1
 * @param tokens rows trained on, this step's included
 * @param fvu reconstruction error divided by the mean squared distance of the rows from the mean of
 *     the batch
 * @param dead features that have not fired for as long as the course says
 * @param resampled features that began anew before the step, where it was their time
 */
public record StepMetrics(
    String name,
    long step,
    long tokens,
    double fvu,
    long dead,
    OptionalLong resampled,
    Rates rates,
    StepReport report) {
  /** One line of {@code metrics.jsonl}. What is not a number, or not measured, is left out. */
  Map<String, Object> line() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step);
    line.put("tokens", tokens);
    line.put("sae", name);
    line.putAll(figures());
    line.put("dense", report.dense());
    return line;
  }

  /** The figures by name, those alone that are finite. */
  public Map<String, Double> figures() {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("loss", report.loss());
    figures.put("reconstruction", report.reconstruction());
    figures.put("fvu", fvu);
    figures.put("l0", report.l0());
    figures.put("sparsity", report.sparsity());
    figures.put("dead", (double) dead);
    resampled.ifPresent(features -> figures.put("resampled", (double) features));
    figures.put("in_band", report.inBand());
    figures.put("threshold_movement", report.thresholdMovement());
    figures.put("sparsity_share", report.sparsityShare());
    figures.put("gradient_norm", report.gradientNorm());
    figures.put("learning_rate", rates.learningRate());
    figures.put("coefficient", rates.sparsity());
    figures.values().removeIf(value -> !Double.isFinite(value));
    return figures;
  }
}
