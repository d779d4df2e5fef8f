package dev.tapscope.profile;

import java.util.List;
import java.util.Optional;

/**
 * The sites of one model.
 *
 * @param name of the profile, {@code gemma2}
 * @param target what it was written for, in words or coordinates, if stated
 * @param bos id of the beginning-of-sequence token, if the model has one
 * @param text the model's own decoder of one token, if it has one
 * @param sites the taps in the order of the file; exactly one is {@link Site#TOKENS}
 */
public record Profile(
    String name,
    Optional<String> target,
    Optional<Integer> bos,
    Optional<MethodRef> text,
    List<Site> sites) {

  public Profile {
    sites = List.copyOf(sites);
  }

  /** The site that carries the token ids of every pass. */
  public Site tokens() {
    return sites.stream().filter(s -> s.name().equals(Site.TOKENS)).findFirst().orElseThrow();
  }
}
