package dev.tapscope.bench;

import dev.tapscope.profile.Profile;
import java.util.List;
import java.util.Set;

/**
 * What is measured, and how a variant of it is made.
 *
 * @param alone whether there is no model, so that the cost of one fire does not drown
 * @param layers layers with a {@code res}
 * @param fires fires of {@code res} in one repetition
 * @param bytes bytes of {@code res} in one repetition
 * @param steered the layer that is steered
 * @param width values in a row of {@code res}
 */
record Workload(
    String name,
    Profile profile,
    List<Variant> variants,
    boolean alone,
    int layers,
    long fires,
    long bytes,
    int steered,
    int width,
    Maker maker) {
  /** Makes the work in the class loader of a variant. */
  interface Maker {
    Work make(ClassLoader loader, Variant variant) throws ReflectiveOperationException;
  }

  /** The same with some of its variants; the unwoven model, which all are compared with, stays. */
  Workload only(Set<Variant> wanted) {
    return new Workload(
        name,
        profile,
        variants.stream().filter(v -> v == Variant.UNWOVEN || wanted.contains(v)).toList(),
        alone,
        layers,
        fires,
        bytes,
        steered,
        width,
        maker);
  }
}
