package dev.tapscope.run;

import dev.tapscope.profile.Selection;
import dev.tapscope.profile.Selection.SiteRange;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Hook;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The hooks of a run. Immutable but for a cache: attaching and taking off make a new one. */
final class Hooks {
  /** What a hook is for. */
  enum Kind {
    /** Sees, and may change, the value at a site. */
    VALUE,
    /** Sees values that need not come. */
    WATCH,
    /** Works on the value last among the replacers; the step of a loop. */
    STEP,
    /** Stands in the place of a call. */
    SKIP
  }

  /**
   * One attached hook.
   *
   * @param order its place among all
   */
  record Attached(
      Selection selection, Kind kind, Phase phase, int priority, Hook hook, long order) {
    private boolean replaces() {
      return kind == Kind.VALUE && phase == Phase.REPLACE;
    }

    private boolean conflictsWith(Attached other) {
      return kind == Kind.SKIP
          ? other.kind == Kind.SKIP
          : replaces() && other.replaces() && priority == other.priority;
    }
  }

  static final Hooks NONE = new Hooks(List.of());

  private static final Comparator<Attached> ORDER =
      Comparator.comparing(Attached::phase)
          .thenComparing(Attached::kind)
          .thenComparing(Attached::priority)
          .thenComparing(Attached::order);

  private final List<Attached> all;
  private final Map<Address, Attached[]> values = new ConcurrentHashMap<>();
  private final Map<Address, Optional<Attached>> skips = new ConcurrentHashMap<>();

  private Hooks(List<Attached> all) {
    this.all = all;
  }

  Hooks with(Attached more) {
    all.stream().filter(more::conflictsWith).forEach(earlier -> refuseOverlap(earlier, more));
    List<Attached> longer = new ArrayList<>(all);
    longer.add(more);
    return new Hooks(List.copyOf(longer));
  }

  Hooks without(Attached gone) {
    return new Hooks(all.stream().filter(a -> a != gone).toList());
  }

  private static void refuseOverlap(Attached earlier, Attached later) {
    for (SiteRange a : earlier.selection().ranges()) {
      for (SiteRange b : later.selection().ranges()) {
        if (a.site().equals(b.site()) && a.first() <= b.last() && b.first() <= a.last()) {
          throw earlier.kind() == Kind.SKIP ? skippedTwice(a, b) : replacedTwice(a, b);
        }
      }
    }
  }

  private static TapscopeException replacedTwice(SiteRange a, SiteRange b) {
    return TapscopeException.usage(
        "replace-twice",
        "Two edits replace "
            + a
            + " and "
            + b
            + ", which share an address; which one should win is not defined. Leave one of them"
            + " out, or give them addresses apart (in Java: different priorities).");
  }

  private static TapscopeException skippedTwice(SiteRange a, SiteRange b) {
    return TapscopeException.usage(
        "skip-twice",
        "Two hooks stand in the place of "
            + a
            + " and "
            + b
            + ", which share an address, and only one can supply the result. Leave one of them"
            + " out.");
  }

  /** The hooks on the value at an address, in the order they run. Not to be changed. */
  Attached[] at(Address address) {
    Attached[] known = values.get(address); // the common case takes no lock
    return known != null ? known : values.computeIfAbsent(address, this::find);
  }

  /** The hook in the place of the call at an address. */
  Optional<Attached> skip(Address address) {
    return skips.computeIfAbsent(
        address,
        wanted -> matching(wanted).stream().filter(a -> a.kind() == Kind.SKIP).findFirst());
  }

  /** Whether some address of a site has a hook. */
  boolean touch(String site) {
    return all.stream()
        .flatMap(a -> a.selection().ranges().stream())
        .anyMatch(range -> range.site().equals(site));
  }

  private Attached[] find(Address address) {
    return matching(address).stream()
        .filter(a -> a.kind() != Kind.SKIP)
        .sorted(ORDER)
        .toArray(Attached[]::new);
  }

  private List<Attached> matching(Address address) {
    return all.stream().filter(a -> a.selection().matches(address)).toList();
  }
}
