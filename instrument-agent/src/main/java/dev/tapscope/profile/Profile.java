package dev.tapscope.profile;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The sites of one model.
 *
 * @param name of the profile, {@code gemma2}
 * @param target what it was written for, in words or coordinates, if stated
 * @param bos id of the beginning-of-sequence token, if the model has one
 * @param text the model's own decoder of one token, if it has one
 * @param places the taps in the order of the file: one for each place of a site; at least one is
 *     {@link Site#TOKENS}
 */
public record Profile(
    String name,
    Optional<String> target,
    Optional<Integer> bos,
    Optional<MethodRef> text,
    List<Site> places) {

  public Profile {
    places = List.copyOf(places);
  }

  /** Each site once, by its first place. */
  public List<Site> sites() {
    Map<String, Site> first = new LinkedHashMap<>();
    places.forEach(place -> first.putIfAbsent(place.name(), place));
    return List.copyOf(first.values());
  }

  /** The tap with this {@link Site#id()}. */
  public Optional<Site> place(String id) {
    return places.stream().filter(place -> place.id().equals(id)).findFirst();
  }

  /** The methods a call of which is a pass: those with a tap of {@link Site#TOKENS}. */
  public List<MethodRef> passes() {
    return places.stream()
        .filter(place -> place.name().equals(Site.TOKENS))
        .map(Site::in)
        .distinct()
        .toList();
  }
}
