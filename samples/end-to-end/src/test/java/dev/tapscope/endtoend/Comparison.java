package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.ReferenceGemma2;
import dev.tapscope.fixtures.Tensor;
import dev.tapscope.fixtures.Trace;
import java.util.Comparator;
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
        assertEquals(position, keys.firstKey() + keys.values().length - 1, address + " last key");
        worst = worst.and(Difference.between(keys.values(), expected[head]));
      }
    }
    return worst;
  }

  void assertAllWithinTolerance() {
    differences.forEach((address, difference) ->
        assertTrue(difference.within(TOLERANCE), () -> address + ": " + difference));
  }

  /** The worst address and its difference. */
  String worst() {
    return differences.entrySet().stream()
        .max(Comparator.comparingDouble(entry -> entry.getValue().relative()))
        .map(entry -> "%-16s %s".formatted(entry.getKey(), entry.getValue()))
        .orElseThrow();
  }
}
