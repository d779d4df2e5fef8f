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
      Pattern.compile("\\s*([^\\s.]+)(?:\\.(\\d+)(?:-(\\d+))?)?\\s+(\\d+)\\s*");

  private final Map<Address, Long> wanted = new TreeMap<>();

  static FireCounts parse(String... lines) {
    FireCounts counts = new FireCounts();
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        throw TapscopeException.usage(
            "fires-syntax",
            "'"
                + line
                + "' does not say how often a site fires; write SITE.LAYER N, SITE.FIRST-LAST N or"
                + " SITE N, such as \"res.0-3 2\".");
      }
      counts.add(matcher);
    }
    return counts;
  }

  private void add(Matcher line) {
    String site = line.group(1);
    long count = Long.parseLong(line.group(4));
    if (line.group(2) == null) {
      wanted.put(Address.of(site), count);
      return;
    }
    int first = Integer.parseInt(line.group(2));
    int last = line.group(3) == null ? first : Integer.parseInt(line.group(3));
    for (int layer = first; layer <= last; layer++) {
      wanted.put(Address.of(site, layer), count);
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
