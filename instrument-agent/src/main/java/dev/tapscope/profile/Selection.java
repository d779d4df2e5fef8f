package dev.tapscope.profile;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The addresses a user asks for: {@code res.3}, {@code att.0-5}, {@code mlp.*}, {@code logits},
 * several joined by {@code +}. A site may go by any of its aliases, {@code FINAL_RESIDUAL.3},
 * {@code blocks.3.hook_resid_post} or {@code blocks.3.attn.hook_z}; the selection holds canonical
 * names.
 *
 * @param ranges in the order asked for
 */
public record Selection(List<SiteRange> ranges) {

  /**
   * Consecutive layers of one site.
   *
   * @param site canonical name
   * @param first first layer, or {@link Address#NO_LAYER} for a site outside the blocks
   * @param last last layer, inclusive; {@link #EVERY} for all from {@code first} on
   */
  public record SiteRange(String site, int first, int last) {
    /** Above every layer there is. */
    public static final int EVERY = Integer.MAX_VALUE;

    public boolean matches(Address address) {
      return address.site().equals(site) && first <= address.layer() && address.layer() <= last;
    }

    /** As a user writes it: {@code att.0-5}. */
    @Override
    public String toString() {
      if (first == Address.NO_LAYER) {
        return site;
      }
      return site + "." + (last == EVERY ? "*" : first == last ? first : first + "-" + last);
    }
  }

  private static final String LAYERS = "[0-9]+(?:-[0-9]+)?|\\*";
  private static final Pattern BLOCKS = Pattern.compile("blocks\\.(" + LAYERS + ")\\.(.+)");
  private static final Pattern SUFFIX = Pattern.compile("(.+?)\\.(" + LAYERS + ")");

  /** Other tools put the module before the name. */
  private static final Pattern MODULE = Pattern.compile("(?:attn|mlp)\\.(hook_.+)");

  public Selection {
    ranges = List.copyOf(ranges);
  }

  /**
   * Reads a selection.
   *
   * @throws TapscopeException {@code site-unknown} when the profile has no such site; {@code
   *     site-layered} when a layer is missing or given to a site that has none; {@code site-syntax}
   *     when a part is no address
   */
  public static Selection parse(String text, Profile profile) {
    List<SiteRange> ranges = new ArrayList<>();
    for (String part : text.split("\\+", -1)) {
      ranges.add(range(part.strip(), text, profile));
    }
    return new Selection(ranges);
  }

  public boolean matches(Address address) {
    return ranges.stream().anyMatch(range -> range.matches(address));
  }

  @Override
  public String toString() {
    return ranges.stream().map(SiteRange::toString).collect(Collectors.joining("+"));
  }

  private static SiteRange range(String part, String whole, Profile profile) {
    if (part.isEmpty()) {
      throw syntax("The selection '" + whole + "' has an empty part");
    }
    Matcher blocks = BLOCKS.matcher(part);
    Matcher suffix = SUFFIX.matcher(part);
    if (blocks.matches()) {
      return layers(site(blocks.group(2), part, profile), blocks.group(1), part);
    }
    if (suffix.matches()) {
      return layers(site(suffix.group(1), part, profile), suffix.group(2), part);
    }
    Site site = site(part, part, profile);
    if (site.layered()) {
      throw TapscopeException.check(
          "site-layered",
          "The site '"
              + site.name()
              + "' exists once in every layer and '"
              + part
              + "' names none; write "
              + site.name()
              + ".0 for one layer, "
              + site.name()
              + ".0-3 for several, or "
              + site.name()
              + ".* for all.");
    }
    return new SiteRange(site.name(), Address.NO_LAYER, Address.NO_LAYER);
  }

  private static SiteRange layers(Site site, String layers, String part) {
    if (!site.layered()) {
      throw TapscopeException.check(
          "site-layered",
          "The site '"
              + site.name()
              + "' lies outside the blocks and has no layer, but '"
              + part
              + "' names one; write "
              + site.name()
              + ".");
    }
    if (layers.equals("*")) {
      return new SiteRange(site.name(), 0, SiteRange.EVERY);
    }
    String[] ends = layers.split("-");
    int first = layer(ends[0], part);
    int last = layer(ends[ends.length - 1], part);
    if (last < first) {
      throw syntax("The layers of '" + part + "' run backwards");
    }
    return new SiteRange(site.name(), first, last);
  }

  private static int layer(String digits, String part) {
    if (digits.length() > 6) {
      throw syntax("No model has the layer " + digits + " of '" + part + "'");
    }
    return Integer.parseInt(digits);
  }

  private static Site site(String name, String part, Profile profile) {
    Matcher module = MODULE.matcher(name);
    return named(name, profile)
        .or(() -> module.matches() ? named(module.group(1), profile) : Optional.empty())
        .orElseThrow(() -> unknown(name, part, profile));
  }

  private static Optional<Site> named(String name, Profile profile) {
    return profile.sites().stream()
        .filter(site -> site.name().equals(name) || site.aliases().contains(name))
        .findFirst();
  }

  private static TapscopeException unknown(String name, String part, Profile profile) {
    List<String> known = new ArrayList<>();
    profile.sites().forEach(site -> known.add(site.name()));
    List<String> all = new ArrayList<>(known);
    profile.sites().forEach(site -> all.addAll(site.aliases()));
    List<String> near = Spelling.nearest(name, all, 3);
    return TapscopeException.check(
        "site-unknown",
        "The profile '"
            + profile.name()
            + "' has no site '"
            + name
            + "'"
            + (name.equals(part) ? "" : " (asked for as '" + part + "')")
            + (near.isEmpty()
                ? "; it has " + String.join(", ", known) + "."
                : "; the nearest are " + String.join(", ", near) + "."));
  }

  private static TapscopeException syntax(String problem) {
    return TapscopeException.usage(
        "site-syntax",
        problem
            + "; write an address such as res.3, att.0-5, mlp.* or logits, or several joined by"
            + " '+'.");
  }
}
