package dev.tapscope.profile;

import dev.tapscope.profile.Operand.Root;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What must hold in every profile, whether it was read or built. */
final class ProfileRules {
  /** The line of a declaration a rule speaks of. */
  enum Part {
    NAME,
    IN,
    AT,
    VALUE,
    LAYER,
    POS,
    CACHE,
    ALIAS,
    BOS,
    TEXT
  }

  /**
   * A broken rule.
   *
   * @param site index of the site, or {@link #HEADER}
   */
  record Violation(int site, Part part, String sentence) {}

  static final int HEADER = -1;

  private final Profile profile;
  private final List<Violation> violations = new ArrayList<>();

  private ProfileRules(Profile profile) {
    this.profile = profile;
  }

  /** The first broken rule in the order of the profile. */
  static Optional<Violation> broken(Profile profile) {
    ProfileRules rules = new ProfileRules(profile);
    rules.header();
    for (int i = 0; i < profile.sites().size(); i++) {
      rules.site(i, profile.sites().get(i));
    }
    rules.names();
    rules.tokens();
    return rules.violations.stream().findFirst();
  }

  private void header() {
    if (!Names.PROFILE.matcher(profile.name()).matches()) {
      add(
          HEADER,
          Part.NAME,
          "the name of a profile is made of letters, digits, '-', '_' and '.', found '"
              + profile.name()
              + "'.");
    }
    profile
        .target()
        .filter(target ->
            target.isBlank() || !target.equals(target.strip()) || target.matches("(?s).*[#\\v].*"))
        .ifPresent(target ->
            add(
                HEADER,
                Part.NAME,
                "what a profile is for is one line of text without '#', found '" + target + "'."));
    profile
        .bos()
        .filter(id -> id < 0)
        .ifPresent(id -> add(HEADER, Part.BOS, "a token id is not negative, found " + id + "."));
    profile
        .text()
        .filter(method -> !method.parameters().equals(Optional.of(List.of("int"))))
        .ifPresent(method ->
            add(
                HEADER,
                Part.TEXT,
                "the decoder takes one token id; write 'text call "
                    + method.owner()
                    + "."
                    + method.name()
                    + "(int)'."));
    if (profile.sites().isEmpty()) {
      add(HEADER, Part.NAME, "the profile has no tap; add at least 'tap tokens'.");
    }
  }

  private void site(int index, Site site) {
    if (!Names.SITE.matcher(site.name()).matches()) {
      add(
          index,
          Part.NAME,
          "the name of a site is made of letters, digits and '_' and begins with a letter, found '"
              + site.name()
              + "'.");
    }
    joinPoint(index, site.at());
    operand(index, Part.VALUE, site, site.value().tapped());
    site.value().captures().forEach(o -> operand(index, Part.VALUE, site, o));
    site.layer().ifPresent(o -> operand(index, Part.LAYER, site, o));
    site.position().ifPresent(o -> operand(index, Part.POS, site, o));
    site.cache().ifPresent(o -> operand(index, Part.CACHE, site, o));
    if (site.cache().isPresent() && !site.name().equals(Site.TOKENS)) {
      add(
          index,
          Part.CACHE,
          "'cache' belongs to 'tap tokens' only: it tells sequences apart, not sites.");
    }
    if (site.value() instanceof Value.Plain plain
        && plain.codec().filter(c -> !Names.PROFILE.matcher(c).matches()).isPresent()) {
      add(index, Part.VALUE, "'" + plain.codec().get() + "' is no name of a codec.");
    }
  }

  private void joinPoint(int index, JoinPoint at) {
    if (at instanceof JoinPoint.BeforeCall call) {
      count(index, call.nth(), call.of());
    } else if (at instanceof JoinPoint.AfterCall call) {
      count(index, call.nth(), call.of());
    } else if (at instanceof JoinPoint.AfterStore store) {
      count(index, store.nth(), store.of());
      if (!(store.variable() instanceof Root.Local) && !(store.variable() instanceof Root.Slot)) {
        add(
            index,
            Part.AT,
            "a store is to 'local NAME' or 'slot N', found '" + store.variable() + "'.");
      }
    }
  }

  private void count(int index, int nth, int of) {
    if (nth < 1 || nth > of) {
      add(
          index,
          Part.AT,
          "'" + nth + " of " + of + "' names no place: count from 1 to the number there are.");
    }
  }

  private void operand(int index, Part part, Site site, Operand operand) {
    boolean call =
        site.at() instanceof JoinPoint.BeforeCall || site.at() instanceof JoinPoint.AfterCall;
    boolean returns =
        site.at() instanceof JoinPoint.Exit || site.at() instanceof JoinPoint.AfterCall;
    Root root = operand.root();
    if (root instanceof Root.CallArg && !call) {
      add(
          index,
          part,
          "'"
              + operand
              + "' needs a call: it is known before or after one, not '"
              + site.at()
              + "'. A parameter of the method itself is 'arg N'.");
    }
    if (root instanceof Root.Return && !returns) {
      add(index, part, "'return' is known at exit and after a call, not '" + site.at() + "'.");
    }
    if (root instanceof Root.Constant constant) {
      boolean allowed = part == Part.LAYER || part == Part.POS;
      if (!allowed || !operand.path().isEmpty() || constant.value() < 0) {
        add(
            index,
            part,
            "a number of 0 or more can be a layer or a position, nothing else, found '"
                + operand
                + "'.");
      }
    }
    int number =
        root instanceof Root.Arg arg
            ? arg.index()
            : root instanceof Root.Slot slot
                ? slot.index()
                : root instanceof Root.CallArg arg ? arg.index() : 0;
    if (number < 0 || number > Names.MOST_SLOTS) {
      add(index, part, "'" + operand + "' is out of range: no method has so many.");
    }
    boolean named = !(root instanceof Root.Local local) || Names.isIdentifier(local.name());
    if (!named || !operand.path().stream().allMatch(Names::isIdentifier)) {
      add(index, part, "'" + operand + "' is no chain of names.");
    }
  }

  /** Every name, canonical or alias, means one site. */
  private void names() {
    Map<String, String> taken = new HashMap<>();
    for (int i = 0; i < profile.sites().size(); i++) {
      Site site = profile.sites().get(i);
      String other = taken.putIfAbsent(site.name(), site.name());
      if (other != null) {
        add(i, Part.NAME, "the site '" + site.name() + "' is declared twice.");
      }
    }
    for (int i = 0; i < profile.sites().size(); i++) {
      Site site = profile.sites().get(i);
      for (String alias : site.aliases()) {
        if (!Names.ALIAS.matcher(alias).matches()) {
          add(
              i,
              Part.ALIAS,
              "an alias is made of letters, digits, '_' and '.', with a letter at the beginning"
                  + " and after each '.', found '"
                  + alias
                  + "'.");
        }
        String other = taken.putIfAbsent(alias, site.name());
        if (other != null) {
          add(i, Part.ALIAS, "the name '" + alias + "' already means the site '" + other + "'.");
        }
      }
    }
  }

  private void tokens() {
    for (int i = 0; i < profile.sites().size(); i++) {
      Site site = profile.sites().get(i);
      boolean tokens = site.name().equals(Site.TOKENS);
      if (!tokens && !site.name().equals(Site.SAMPLED)) {
        continue;
      }
      if (!site.value().equals(new Value.Plain(site.value().tapped(), Optional.empty()))) {
        add(
            i,
            Part.VALUE,
            "'tap "
                + site.name()
                + "' shows token ids, "
                + (tokens ? "an int[]" : "an int")
                + ": its value takes neither 'as' nor 'rms'.");
      }
      if (site.layered()) {
        add(i, Part.LAYER, "'tap " + site.name() + "' lies outside the blocks: it has no layer.");
      }
      if (tokens && site.position().isEmpty()) {
        add(i, Part.NAME, "'tap tokens' needs 'pos': the position of its first token.");
      }
    }
    if (!profile.sites().isEmpty()
        && profile.sites().stream().noneMatch(s -> s.name().equals(Site.TOKENS))) {
      add(
          HEADER,
          Part.NAME,
          "the profile has no 'tap tokens': without the token ids of each pass no row can be told"
              + " from another. Tap the ids where a pass begins, with 'value' and 'pos'.");
    }
  }

  private void add(int site, Part part, String sentence) {
    violations.add(new Violation(site, part, sentence));
  }
}
