package dev.tapscope.profile;

/** Writes the text form of profiles: reading it back gives an equal profile, lines aside. */
public final class ProfilePrinter {
  private ProfilePrinter() {}

  /** The whole profile as {@link ProfileParser} reads it, lines ended by {@code \n}. */
  public static String print(Profile profile) {
    StringBuilder out = new StringBuilder("profile ").append(profile.name());
    profile.target().ifPresent(target -> out.append(" for ").append(target));
    out.append('\n');
    profile.bos().ifPresent(id -> out.append("bos ").append(id).append('\n'));
    profile.text().ifPresent(method -> out.append("text call ").append(method).append('\n'));
    profile.places().forEach(site -> out.append('\n').append(print(site)));
    return out.toString();
  }

  /** One tap with its lines. */
  public static String print(Site site) {
    StringBuilder out = new StringBuilder("tap ").append(site.name()).append('\n');
    line(out, "in", site.inText());
    site.body().ifPresent(fingerprint -> line(out, "body", fingerprint));
    String[] at = site.at().toString().split(" ", 2);
    line(out, at[0], at[1]);
    line(out, "value", site.value().toString());
    site.layer().ifPresent(layer -> line(out, "layer", layer.toString()));
    site.position().ifPresent(operand -> line(out, "pos", operand.toString()));
    site.cache().ifPresent(operand -> line(out, "cache", operand.toString()));
    if (site.rows() == Site.Rows.SOME) {
      line(out, "rows", "some");
    }
    if (!site.aliases().isEmpty()) {
      line(out, "alias", String.join(" ", site.aliases()));
    }
    return out.toString();
  }

  private static void line(StringBuilder out, String keyword, String rest) {
    out.append("  ").append(keyword).append(" ".repeat(7 - keyword.length())).append(rest);
    out.append('\n');
  }
}
