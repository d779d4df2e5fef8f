package dev.tapscope.ledger;

import dev.tapscope.tap.Address;

/**
 * Addresses that must fire.
 *
 * @param site canonical site name
 * @param first first layer, or {@link Address#NO_LAYER} for a site outside the blocks
 * @param last last layer, {@link #EVERY_LAYER} for {@code site.*}
 * @param every whether every position of every pass must be shown
 * @param sincePass index of the first pass it holds for
 */
public record Request(String site, int first, int last, boolean every, int sincePass) {
  /** {@link #last} of a request for whatever layers the model has. */
  public static final int EVERY_LAYER = Integer.MAX_VALUE;

  boolean covers(Address address) {
    return site.equals(address.site()) && first <= address.layer() && address.layer() <= last;
  }

  boolean layered() {
    return first != Address.NO_LAYER;
  }
}
