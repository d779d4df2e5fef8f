package dev.tapscope.link;

import dev.tapscope.profile.Layer;
import dev.tapscope.profile.Site;
import java.util.Optional;

/**
 * The operands of a site, each read from what its woven call passes. They are made in the order of
 * {@link Site#captures()}; what the value needs beyond {@code value} comes after them. Those a site
 * does not have are {@link Reader#NONE}.
 */
record Readers(Reader layer, Reader position, Reader cache, Reader value) {

  /**
   * @param root static type of the value's root
   */
  static Readers of(Site site, Reader.Captures captures, Class<?> root) {
    Optional<Reader> layer =
        site.layer()
            .flatMap(Layer::operand)
            .map(captures::reader)
            .map(r -> r.requiring("layer", int.class, short.class, byte.class));
    String first = site.name().equals(Site.TOKENS) ? "position of the first token" : "position";
    Optional<Reader> position =
        site.position()
            .map(captures::reader)
            .map(r -> r.requiring(first, int.class, short.class, byte.class));
    Optional<Reader> cache = site.cache().map(captures::reader);
    return new Readers(
        layer.orElse(Reader.NONE),
        position.orElse(Reader.NONE),
        cache.orElse(Reader.NONE),
        captures.ofValue(site.value().tapped(), root));
  }
}
