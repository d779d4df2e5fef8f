package dev.tapscope.census;

import java.util.List;

/**
 * What a place showed in a run.
 *
 * @param operands names of what {@link Fire#numbers()} holds: {@code arg 1}, {@code this.layer}
 * @param total how often it fired
 * @param fires in their order; all of them, or as many as were kept
 */
record Seen(Place place, List<String> operands, long total, List<Fire> fires) {
  Seen {
    operands = List.copyOf(operands);
    fires = List.copyOf(fires);
  }

  boolean whole() {
    return fires.size() == total;
  }
}
