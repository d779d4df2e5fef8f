package dev.tapscope.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/** What the kernels are meant to reach, beside what has been measured. */
final class Goals {
  /**
   * @param limit the least ratio, or the most of something
   * @param atLeast whether the limit is a least value
   * @param measured empty where a measure it needs is missing
   */
  record Goal(String name, String what, double limit, boolean atLeast, OptionalDouble measured) {
    String verdict() {
      return measured.isEmpty() ? "not measured" : holds() ? "holds" : "does not hold";
    }

    private boolean holds() {
      double value = measured.getAsDouble();
      return atLeast ? value >= limit : value <= limit;
    }

    String goal() {
      return String.format(Locale.ROOT, "%s %.4g", atLeast ? ">=" : "<=", limit);
    }

    Map<String, Object> toJson() {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("goal", name);
      json.put("what", what);
      json.put("wanted", goal());
      json.put("measured", measured.isPresent() ? measured.getAsDouble() : null);
      json.put("verdict", verdict());
      return json;
    }
  }

  private static final int NARROW = 16384;
  private static final int WIDE = 65536;
  private static final int WIDEST = 1 << 20;

  private final Map<String, Object> values;
  private final List<Goal> goals = new ArrayList<>();

  private Goals(Map<String, Object> values) {
    this.values = values;
  }

  /**
   * @param values of all parts
   */
  static List<Goal> of(Map<String, Object> values) {
    Goals goals = new Goals(values);
    goals.collect();
    return List.copyOf(goals.goals);
  }

  private void collect() {
    for (int features : List.of(NARROW, WIDE)) {
      boolean wide = features == WIDE;
      ratio(
          "G1",
          "exact encode: times as fast as torch fp32, F=" + features,
          Names.TORCH_ENCODE.of(features),
          Names.ENCODE_EXACT.of(features),
          wide ? 7 : 4);
    }
    most("G1", "gates that differ from double precision", Names.WRONG_GATES.text(), 0);
    most("G1", "error of z, over |x||w|", Names.ERROR_OF_Z.text(), 1e-6);
    for (int features : List.of(NARROW, WIDE)) {
      inverse(
          "G2",
          "fast encode: times a cuBLAS fp16 product, F=" + features,
          Names.ENCODE_FAST.of(features),
          Names.GEMM_HALVES.of(features),
          1.35);
    }
    for (int features : List.of(NARROW, WIDE)) {
      ratio(
          "G4",
          "decode: bytes a second over a device copy's, F=" + features,
          Names.DECODE.of(features),
          Names.COPY.text(),
          0.6);
    }
    for (int features : List.of(NARROW, WIDE)) {
      boolean wide = features == WIDE;
      ratio(
          "G5",
          "step: times as fast as eager autocast, F=" + features,
          Names.TORCH_STEP_AUTOCAST.of(features),
          Names.STEP_FAST.of(features),
          wide ? 3.5 : 2);
      ratio(
          "G5",
          "step: times as fast as compiled bf16, F=" + features,
          Names.TORCH_STEP_COMPILED.of(features),
          Names.STEP_FAST.of(features),
          wide ? 2.2 : 1.4);
      ratio(
          "G5",
          "step: times as fast as fp32 (more precise), F=" + features,
          Names.TORCH_STEP_FP32.of(features),
          Names.STEP_FAST.of(features),
          wide ? 20 : 10);
    }
    most("G6", "step of F=" + WIDEST + ", ms", Names.STEP_FAST.of(WIDEST), 60);
    most("G6", "its device memory, GB", Names.STEP_MEMORY.of(WIDEST), 60);
    most("G7", "host's time in a step, us", Names.STEP_HOST.of(NARROW), 30);
    most("G7", "launches of a step", Names.STEP_LAUNCHES.of(NARROW), 15);
    most("G7", "encode of one row, us", Names.ENCODE_ONE.of(NARROW), 40);
    most("G8", "arrays that differ between two runs", Names.DIFFERENT_ARRAYS.text(), 0);
    most("G8", "loss over 500 steps, largest difference from torch, %", Names.CURVE.text(), 0.5);
  }

  private void ratio(String name, String what, String above, String below, double least) {
    goals.add(new Goal(name, what, least, true, quotient(above, below)));
  }

  private void inverse(String name, String what, String ours, String theirs, double most) {
    goals.add(new Goal(name, what, most, false, quotient(ours, theirs)));
  }

  private void most(String name, String what, String measure, double most) {
    goals.add(new Goal(name, what, most, false, Measures.number(values, measure)));
  }

  private OptionalDouble quotient(String above, String below) {
    OptionalDouble a = Measures.number(values, above);
    OptionalDouble b = Measures.number(values, below);
    return a.isPresent() && b.isPresent()
        ? OptionalDouble.of(a.getAsDouble() / b.getAsDouble())
        : OptionalDouble.empty();
  }

  static String table(List<Goal> goals) {
    StringBuilder table = new StringBuilder();
    String row = "%-3s %-56s %9s %10s  %s%n";
    table.append(row.formatted("", "", "goal", "measured", ""));
    for (Goal goal : goals) {
      String measured =
          goal.measured().isPresent()
              ? String.format(Locale.ROOT, "%.4g", goal.measured().getAsDouble())
              : "-";
      table.append(row.formatted(goal.name(), goal.what(), goal.goal(), measured, goal.verdict()));
    }
    return table.toString();
  }
}
