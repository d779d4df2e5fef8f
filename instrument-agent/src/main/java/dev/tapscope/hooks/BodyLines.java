package dev.tapscope.hooks;

import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.weave.Fingerprint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code body} lines of a profile's file: each tap is bound to the code it was found to fit.
 * Everything else of the file stays as it was written.
 */
public final class BodyLines {
  private static final Pattern TAP = Pattern.compile("\\s*tap\\s.*");
  private static final Pattern IN = Pattern.compile("(\\s*)in\\s.*");
  private static final Pattern BODY = Pattern.compile("(\\s*body\\s+)(\\S+)(.*)");

  private BodyLines() {}

  /**
   * Writes the fingerprint of every body into a profile all of whose taps fit, their own {@code
   * body} lines aside.
   *
   * @return how many lines were added or changed
   * @throws TapscopeException {@code profile-built-in} for one that has no file, {@code
   *     profile-unwritable}
   */
  public static int accept(WrittenProfile profile, ClassPath classes) {
    Path file =
        profile
            .file()
            .orElseThrow(() ->
                TapscopeException.usage(
                    "profile-built-in",
                    "Profile '"
                        + profile.name()
                        + "' ships with the agent and cannot be written. Copy it to a file of your"
                        + " own and give that."));
    Map<Integer, String> fingerprints = new HashMap<>();
    for (Site site : profile.profile().places()) {
      ClassFile type = classes.find(site.in().owner()).orElseThrow();
      fingerprints.put(site.line(), Fingerprint.of(type.bytes(), site));
    }
    List<String> before = profile.text().lines().toList();
    List<String> after = with(before, fingerprints);
    String text = String.join("\n", after) + "\n";
    requireSame(profile, ProfileParser.parse(text, file.toString()));
    if (!after.equals(before)) {
      write(file, text);
    }
    return (int)
        profile.profile().places().stream()
            .filter(site -> !site.body().equals(Optional.of(fingerprints.get(site.line()))))
            .count();
  }

  private static List<String> with(List<String> lines, Map<Integer, String> fingerprints) {
    List<String> out = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      out.add(lines.get(i));
      String fingerprint = fingerprints.get(i + 1);
      if (fingerprint != null) {
        int end = i + 1;
        while (end < lines.size() && !TAP.matcher(lines.get(end)).matches()) {
          end++;
        }
        out.addAll(tap(lines.subList(i + 1, end), fingerprint));
        i = end - 1;
      }
    }
    return out;
  }

  /** The lines of one tap behind its first, with its fingerprint. */
  private static List<String> tap(List<String> lines, String fingerprint) {
    List<String> out = new ArrayList<>();
    boolean has = lines.stream().anyMatch(line -> BODY.matcher(line).matches());
    for (String line : lines) {
      Matcher body = BODY.matcher(line);
      Matcher in = IN.matcher(line);
      out.add(body.matches() ? body.group(1) + fingerprint + body.group(3) : line);
      if (!has && in.matches()) {
        out.add(in.group(1) + "body   " + fingerprint);
      }
    }
    return out;
  }

  /** An editor of text may be wrong about it: what is written must say what was read. */
  private static void requireSame(WrittenProfile before, Profile after) {
    List<Site> wanted =
        before.profile().places().stream().map(s -> s.withoutBody().atLine(0)).toList();
    List<Site> found = after.places().stream().map(s -> s.withoutBody().atLine(0)).toList();
    if (!wanted.equals(found) || after.places().stream().anyMatch(s -> s.body().isEmpty())) {
      throw new IllegalStateException("the body lines of " + before.name() + " went astray");
    }
  }

  private static void write(Path file, String text) {
    Path target = file.toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".tmp");
    try {
      Files.writeString(part, text, StandardCharsets.UTF_8);
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "profile-unwritable",
          "Wanted to write the body lines into "
              + target
              + "; that failed ("
              + e
              + "). Give a profile in a folder that can be written.",
          e);
    }
  }
}
