package dev.tapscope.census;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The passes of a run: a pass begins where the model is given ids. Which place that is, is told by
 * what follows: between two fires of it every place of the model fires equally often, or as often
 * as there are ids.
 */
final class Passes {
  /**
   * A place that begins passes explains at least this share of what the best one does: one that
   * fires once explains everything, and the loops of a model's kernels fire by their own blocks.
   */
  private static final double SHARE = 0.5;

  private final Seen ids;
  private final Optional<Seen> exit;
  private final long[] begins;
  private final int[] lengths;

  private Passes(Seen ids, List<Seen> all) {
    this.ids = ids;
    this.exit =
        all.stream()
            .filter(seen -> seen.place().kind() == Place.Kind.EXIT)
            .filter(seen -> seen.place().method().equals(ids.place().method()))
            .findFirst();
    this.begins = ids.fires().stream().mapToLong(Fire::order).toArray();
    this.lengths = ids.fires().stream().mapToInt(Fire::count).toArray();
  }

  /** The passes of everything seen; empty when no method was given ids. */
  static Optional<Passes> find(List<Seen> all) {
    List<Passes> candidates =
        all.stream()
            .filter(seen -> seen.place().ids() && seen.whole() && !seen.fires().isEmpty())
            .map(seen -> new Passes(seen, all))
            .toList();
    long best = candidates.stream().mapToLong(c -> c.explained(all)).max().orElse(0);
    return candidates.stream()
        .filter(candidate -> candidate.explained(all) >= SHARE * best)
        .max(
            Comparator.<Passes>comparingInt(Passes::count)
                .thenComparing(Comparator.<Passes>comparingLong(c -> c.begins[0]).reversed()));
  }

  private long explained(List<Seen> all) {
    return all.stream()
        .filter(seen -> !seen.place().ids() && seen.whole() && !seen.fires().isEmpty())
        .filter(seen -> regular(seen))
        .count();
  }

  private boolean regular(Seen seen) {
    int[] fires = fires(seen);
    return Arrays.stream(fires).sum() == seen.fires().size()
        && (constant(fires) || proportional(fires));
  }

  private static boolean constant(int[] fires) {
    return fires[0] > 0 && Arrays.stream(fires).allMatch(n -> n == fires[0]);
  }

  private boolean proportional(int[] fires) {
    int each = lengths[0] == 0 ? 0 : fires[0] / lengths[0];
    for (int pass = 0; pass < fires.length; pass++) {
      if (each == 0 || fires[pass] != each * lengths[pass]) {
        return false;
      }
    }
    return true;
  }

  /** The place that is given the ids. */
  Seen ids() {
    return ids;
  }

  int count() {
    return begins.length;
  }

  /** How many ids a pass has. */
  int length(int pass) {
    return lengths[pass];
  }

  /** Position of the first id of a pass, where the run is one sequence. */
  int start(int pass) {
    return Arrays.stream(lengths, 0, pass).sum();
  }

  /** First id of a pass. */
  int id(int pass) {
    return ids.fires().get(pass).id();
  }

  /** How often a place fires in each pass; what fires before the first is left out. */
  private int[] fires(Seen seen) {
    int[] fires = new int[count()];
    for (Fire fire : seen.fires()) {
      int pass = pass(fire.order());
      if (pass >= 0) {
        fires[pass]++;
      }
    }
    return fires;
  }

  private int pass(long order) {
    int found = Arrays.binarySearch(begins, order);
    return found >= 0 ? found : -found - 2;
  }

  /**
   * Whether a place fires before the method that is given the ids returns; true where that cannot
   * be told.
   */
  boolean inside(Seen seen) {
    if (exit.isEmpty() || exit.get().fires().size() != count()) {
      return true;
    }
    return seen.fires().stream()
        .allMatch(fire -> {
          int pass = pass(fire.order());
          return pass >= 0 && fire.order() <= exit.get().fires().get(pass).order();
        });
  }

  /** How often a place fires in every pass; empty when that is not always the same. */
  Optional<Integer> each(Seen seen) {
    if (!seen.whole() || seen.fires().isEmpty()) {
      return Optional.empty();
    }
    int[] fires = fires(seen);
    return constant(fires) ? Optional.of(fires[0]) : Optional.empty();
  }

  /** How often a place fires for every id; empty when that is not always the same. */
  Optional<Integer> eachId(Seen seen) {
    if (!seen.whole() || seen.fires().isEmpty()) {
      return Optional.empty();
    }
    int[] fires = fires(seen);
    return proportional(fires) ? Optional.of(fires[0] / lengths[0]) : Optional.empty();
  }

  /** The fires of a place in one pass. */
  List<Fire> of(Seen seen, int pass) {
    List<Fire> fires = new ArrayList<>();
    for (Fire fire : seen.fires()) {
      if (pass(fire.order()) == pass) {
        fires.add(fire);
      }
    }
    return fires;
  }
}
