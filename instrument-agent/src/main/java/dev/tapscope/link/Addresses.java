package dev.tapscope.link;

import dev.tapscope.tap.Address;
import java.util.Arrays;

/** The addresses of one site, each made once: a fire makes no new one. Thread-safe. */
final class Addresses {
  private final String site;
  private final Address outside;
  private volatile Address[] layers = new Address[0];

  Addresses(String site) {
    this.site = site;
    this.outside = Address.of(site);
  }

  Address of(int layer) {
    if (layer < 0) {
      return layer == Address.NO_LAYER ? outside : Address.of(site, layer);
    }
    Address[] known = layers;
    return layer < known.length ? known[layer] : longer(layer);
  }

  private synchronized Address longer(int layer) {
    if (layer >= MOST) {
      return Address.of(site, layer); // no model has so many: whatever it is, it is not kept
    }
    Address[] all = Arrays.copyOf(layers, Math.max(layers.length, layer + 1));
    for (int i = layers.length; i < all.length; i++) {
      all[i] = Address.of(site, i);
    }
    layers = all;
    return all[layer];
  }

  private static final int MOST = 1024;
}
