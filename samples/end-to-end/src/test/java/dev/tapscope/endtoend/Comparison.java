package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.ReferenceGemma2;
import dev.tapscope.fixtures.Tensor;
import dev.tapscope.fixtures.Trace;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** A captured run judged by the double-precision reference, site by site. */
final class Comparison {
  static final double TOLERANCE = 1e-5;

  private final Map<String, Difference> differences = new TreeMap<>();

  private Comparison() {}

  /** Compares every row of every site that the reference has; the run must have all of them. */
  static Comparison of(CapturedRun run, ReferenceGemma2 reference) {
    Comparison comparison = new Comparison();
    Trace trace = reference.run(run.tokens(0));
    assertEquals(trace.rowAddresses().size(), run.rowAddresses().size(), "row sites");
    assertEquals(
        trace.attentionAddresses().size(), run.attentionAddresses().size(), "attention sites");
    for (String address : trace.rowAddresses()) {
      Tensor expected = trace.rows(address);
      comparison.differences.put(address, Difference.between(run.rows(address, 0), expected));
    }
    for (String address : trace.attentionAddresses()) {
      comparison.differences.put(address, attention(run, trace, address));
    }
    return comparison;
  }

  private static Difference attention(CapturedRun run, Trace trace, String address) {
    Difference worst = new Difference(0, 0);
    for (int position = 0; position < trace.ids().length; position++) {
      double[][] expected = trace.attention(address, position);
      Map<Integer, CapturedRun.Keys> actual = run.attention(address, 0, position);
      assertEquals(expected.length, actual.size(), address + " heads");
      for (int head = 0; head < expected.length; head++) {
        CapturedRun.Keys keys = actual.get(head);
        assertEquals(position, keys.firstKey() + keys.values().size() - 1, address + " last key");
        double[] values = keys.values().stream().mapToDouble(Double::doubleValue).toArray();
        worst = worst.and(Difference.between(values, expected[head]));
      }
    }
    return worst;
  }

  Difference at(String address) {
    return differences.get(address);
  }

  void assertAllWithinTolerance() {
    differences.forEach((address, difference) ->
        assertTrue(difference.within(TOLERANCE), () -> address + ": " + difference));
  }

  /** One line per site: its worst layer. */
  String table(String title) {
    Map<String, Map.Entry<String, Difference>> worst = new TreeMap<>();
    differences
        .entrySet()
        .forEach(entry ->
            worst.merge(
                Sites.siteOf(entry.getKey()),
                entry,
                (a, b) -> a.getValue().relative() >= b.getValue().relative() ? a : b));
    StringBuilder table = new StringBuilder(title).append(System.lineSeparator());
    worst.values().forEach(e -> table.append("  %-16s %s%n".formatted(e.getKey(), e.getValue())));
    return table.toString();
  }

  @Override
  public String toString() {
    return Arrays.toString(differences.entrySet().toArray());
  }
}
