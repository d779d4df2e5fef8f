package dev.tapscope.tap;

/**
 * A place in a running model: a site and, for sites inside a block, its layer.
 *
 * @param site canonical site name of the profile, {@code res}
 * @param layer 0-based layer, or {@link #NO_LAYER} for a site outside the blocks
 */
public record Address(String site, int layer) implements Comparable<Address> {
  /** Layer of a site that lies outside the blocks, such as {@code embed} or {@code logits}. */
  public static final int NO_LAYER = -1;

  public static Address of(String site) {
    return new Address(site, NO_LAYER);
  }

  public static Address of(String site, int layer) {
    return new Address(site, layer);
  }

  public boolean layered() {
    return layer != NO_LAYER;
  }

  /** {@code res.3}, or {@code logits} for a site without layers: the name used in files. */
  @Override
  public String toString() {
    return layered() ? site + "." + layer : site;
  }

  @Override
  public int compareTo(Address that) {
    int bySite = site.compareTo(that.site);
    return bySite != 0 ? bySite : Integer.compare(layer, that.layer);
  }
}
