package gemma2.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The middle and the ends of what several rounds gave. */
record Spread(double median, double min, double max) {

  /** The spread of a figure over rounds, at least one. */
  static <R> Spread of(List<R> rounds, ToDoubleFunction<R> figure) {
    double[] sorted = rounds.stream().mapToDouble(figure).sorted().toArray();
    int half = sorted.length / 2;
    double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  Map<String, Object> toMap() {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("median", median);
    described.put("min", min);
    described.put("max", max);
    return described;
  }
}
