package dev.tapscope.junit;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How often each address of some sites must fire: {@code res.0-3 2}, {@code logits 1}. */
final class FireCounts {
  private static final Pattern LINE =
      Pattern.compile("\\s*([^\\s.]+)(?:\\.(\\d{1,6})(?:-(\\d{1,6}))?)?\\s+(\\d{1,18})\\s*");

  /** No model has so many layers; a slip of the pen makes no long list. */
  private static final int MOST_LAYERS = 1024;

  private final Map<Address, Long> wanted = new TreeMap<>();

  static FireCounts parse(String... lines) {
    FireCounts counts = new FireCounts();
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        throw unusable(line, "does not say how often a site fires");
      }
      counts.add(line, matcher);
    }
    return counts;
  }

  private static TapscopeException unusable(String line, String why) {
    return TapscopeException.usage(
        "fires-syntax",
        "'"
            + line
            + "' "
            + why
            + "; write SITE.LAYER N, SITE.FIRST-LAST N or SITE N, such as \"res.0-3 2\".");
  }

  private void add(String line, Matcher parts) {
    String site = parts.group(1);
    long count = Long.parseLong(parts.group(4));
    if (parts.group(2) == null) {
      add(line, Address.of(site), count);
      return;
    }
    int first = Integer.parseInt(parts.group(2));
    int last = parts.group(3) == null ? first : Integer.parseInt(parts.group(3));
    if (first > last || last >= MOST_LAYERS) {
      throw unusable(line, "names no layers of a model, from the lower to the higher");
    }
    for (int layer = first; layer <= last; layer++) {
      add(line, Address.of(site, layer), count);
    }
  }

  private void add(String line, Address address, long count) {
    if (wanted.putIfAbsent(address, count) != null) {
      throw unusable(line, "counts " + address + " a second time");
    }
  }

  /** What to attach to, so that the fires are counted: every layer of each site. */
  List<String> sites() {
    Map<String, String> sites = new LinkedHashMap<>();
    wanted.keySet().forEach(a -> sites.put(a.site(), a.layered() ? a.site() + ".*" : a.site()));
    return List.copyOf(sites.values());
  }

  /** Differences, as sentences; empty when the counts are exactly those wanted. */
  List<String> differences(Map<Address, Long> fired) {
    TreeSet<Address> addresses = new TreeSet<>(wanted.keySet());
    fired.keySet().stream()
        .filter(a -> wanted.keySet().stream().anyMatch(w -> w.site().equals(a.site())))
        .forEach(addresses::add);
    List<String> differences = new ArrayList<>();
    for (Address address : addresses) {
      long expected = wanted.getOrDefault(address, 0L);
      long found = fired.getOrDefault(address, 0L);
      if (expected != found) {
        differences.add(address + " fired " + found + " times, and " + expected + " were wanted");
      }
    }
    return differences;
  }
}
