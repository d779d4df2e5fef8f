package dev.tapscope.run;

import dev.tapscope.profile.Selection;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Hook;
import dev.tapscope.tap.Phase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The hooks of a run. Immutable but for a cache: attaching makes a new one. */
final class Hooks {
  /** One attached hook; {@code order} is its place among all. */
  record Attached(Selection selection, Phase phase, Hook hook, int order) {}

  static final Hooks NONE = new Hooks(List.of());

  private final List<Attached> all;
  private final Map<Address, List<Attached>> byAddress = new ConcurrentHashMap<>();

  private Hooks(List<Attached> all) {
    this.all = all;
  }

  Hooks with(Selection selection, Phase phase, Hook hook) {
    List<Attached> more = new ArrayList<>(all);
    more.add(new Attached(selection, phase, hook, all.size()));
    return new Hooks(List.copyOf(more));
  }

  /** The hooks of an address in the order they run: by phase, then as attached. */
  List<Attached> at(Address address) {
    return byAddress.computeIfAbsent(address, this::find);
  }

  /** Whether some address of a site has a hook. */
  boolean touch(String site) {
    return all.stream()
        .flatMap(a -> a.selection().ranges().stream())
        .anyMatch(range -> range.site().equals(site));
  }

  private List<Attached> find(Address address) {
    return all.stream()
        .filter(a -> a.selection().matches(address))
        .sorted(Comparator.comparing(Attached::phase).thenComparing(Attached::order))
        .toList();
  }

  /** The replacers attached so far. */
  List<Selection> replacers() {
    return all.stream().filter(a -> a.phase() == Phase.REPLACE).map(Attached::selection).toList();
  }
}
