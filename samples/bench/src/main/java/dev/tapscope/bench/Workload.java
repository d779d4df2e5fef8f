package dev.tapscope.bench;

import dev.tapscope.profile.Profile;
import java.util.List;

/**
 * What is measured, and how a variant of it is made.
 *
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
}
