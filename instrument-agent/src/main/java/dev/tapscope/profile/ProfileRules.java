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
    ROWS,
    ALIAS,
    BODY,
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
    for (int i = 0; i < profile.places().size(); i++) {
      rules.site(i, profile.places().get(i));
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
    if (profile.places().isEmpty()) {
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
    if (site.body().filter(body -> !Names.BODY.matcher(body).matches()).isPresent()) {
      add(
          index,
          Part.BODY,
          "a fingerprint is eight digits 0-9 and a-f, found '" + site.body().get() + "'.");
    }
    site.lambdas().forEach(lambda -> count(index, Part.IN, lambda.nth(), lambda.of()));
    joinPoint(index, site.at());
    around(index, site);
    operand(index, Part.VALUE, site, site.value().tapped());
    site.value().captures().forEach(o -> operand(index, Part.VALUE, site, o));
    site.layer().flatMap(Layer::operand).ifPresent(o -> operand(index, Part.LAYER, site, o));
    site.position().ifPresent(o -> operand(index, Part.POS, site, o));
    site.cache().ifPresent(o -> operand(index, Part.CACHE, site, o));
    codec(site.value())
        .filter(codec -> !Names.PROFILE.matcher(codec).matches())
        .ifPresent(codec -> add(index, Part.VALUE, "'" + codec + "' is no name of a codec."));
  }

  private static Optional<String> codec(Value value) {
    if (value instanceof Value.Result result) {
      return result.codec();
    }
    return value instanceof Value.Plain plain ? plain.codec() : Optional.empty();
  }

  /** Around a call there is no moment at which anything else could be shown or changed. */
  private void around(int index, Site site) {
    boolean around = site.at() instanceof JoinPoint.AroundCall;
    boolean argument =
        site.value() instanceof Value.Plain plain
            && plain.tapped().root() instanceof Root.CallArg
            && plain.tapped().path().isEmpty();
    boolean result = site.value() instanceof Value.Result;
    if (around && !argument && !result) {
      add(
          index,
          Part.VALUE,
          "around a call the value is what the call makes: write 'return like call arg N', the"
              + " argument whose form the result has, or 'call arg N' for a method that writes into"
              + " that argument, found '"
              + site.value()
              + "'.");
    }
    if (result && !around) {
      add(
          index,
          Part.VALUE,
          "'" + site.value() + "' belongs to 'around call'; write 'return' after the call.");
    }
  }

  private void joinPoint(int index, JoinPoint at) {
    if (at instanceof JoinPoint.AtCall call) {
      count(index, Part.AT, call.nth(), call.of());
    } else if (at instanceof JoinPoint.AfterStore store) {
      count(index, Part.AT, store.nth(), store.of());
      variable(index, "a store is to", store.variable());
    } else if (at instanceof JoinPoint.BeforePut put) {
      count(index, Part.AT, put.nth(), put.of());
    } else if (at instanceof JoinPoint.AfterPut put) {
      count(index, Part.AT, put.nth(), put.of());
    } else if (at instanceof JoinPoint.AfterElement store) {
      count(index, Part.AT, store.nth(), store.of());
      if (store.array() instanceof JoinPoint.ArrayRef.InVariable array) {
        variable(index, "the array is in", array.variable());
      }
    } else if (at instanceof JoinPoint.LoopBegin loop) {
      count(index, Part.AT, loop.nth(), loop.of());
      variable(index, "a loop counts in", loop.variable());
    } else if (at instanceof JoinPoint.LoopEnd loop) {
      count(index, Part.AT, loop.nth(), loop.of());
      variable(index, "a loop counts in", loop.variable());
    }
  }

  private void variable(int index, String what, Root variable) {
    if (!(variable instanceof Root.Local) && !(variable instanceof Root.Slot)) {
      add(index, Part.AT, what + " 'local NAME' or 'slot N', found '" + variable + "'.");
    }
  }

  private void count(int index, Part part, int nth, int of) {
    if (nth < 1 || nth > of) {
      add(
          index,
          part,
          "'" + nth + " of " + of + "' names no place: count from 1 to the number there are.");
    }
  }

  private void operand(int index, Part part, Site site, Operand operand) {
    Root root = operand.root();
    List<Root> roots = new ArrayList<>(List.of(root));
    operand.indexes().forEach(o -> roots.add(o.root()));
    if (roots.stream().anyMatch(ProfileRules::ofCall) && !(site.at() instanceof JoinPoint.AtCall)) {
      add(
          index,
          part,
          "'"
              + operand
              + "' needs a call: it is known before or after one, not '"
              + site.at()
              + "'. A parameter of the method itself is 'arg N'.");
    }
    boolean returns =
        site.at() instanceof JoinPoint.Exit
            || site.at() instanceof JoinPoint.AfterCall
            || site.value() instanceof Value.Result && part == Part.VALUE;
    if (root instanceof Root.Return && !returns) {
      add(index, part, "'return' is known at exit and after a call, not '" + site.at() + "'.");
    }
    if (root instanceof Root.IndexOf && !operand.path().isEmpty()) {
      add(index, part, "an index is a number and has no fields, found '" + operand + "'.");
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
    if (!roots.stream().allMatch(ProfileRules::inRange)) {
      add(index, part, "'" + operand + "' is out of range: no method has so many.");
    }
    if (!roots.stream().allMatch(ProfileRules::named)
        || !operand.path().stream().allMatch(ProfileRules::named)) {
      add(index, part, "'" + operand + "' is no chain of names and indexes.");
    }
  }

  private static boolean ofCall(Root root) {
    return root instanceof Root.CallArg
        || root instanceof Root.CallThis
        || root instanceof Root.IndexOf;
  }

  private static boolean inRange(Root root) {
    int number =
        root instanceof Root.Arg arg
            ? arg.index()
            : root instanceof Root.Slot slot
                ? slot.index()
                : root instanceof Root.Stack stack
                    ? stack.depth()
                    : root instanceof Root.IndexOf index
                        ? index.argument()
                        : root instanceof Root.CallArg arg ? arg.index() : 0;
    return number >= 0 && number <= Names.MOST_SLOTS;
  }

  private static boolean named(Root root) {
    return !(root instanceof Root.Local local) || Names.isIdentifier(local.name());
  }

  private static boolean named(Operand.Step step) {
    if (step instanceof Operand.Step.Field field) {
      return Names.isIdentifier(field.name());
    }
    Root index = ((Operand.Step.Element) step).index();
    return index instanceof Root.Arg
        || index instanceof Root.Local
        || index instanceof Root.Slot
        || index instanceof Root.CallArg
        || index instanceof Root.Constant constant && constant.value() >= 0;
  }

  /** Every name, canonical or alias, means one site, which may have several places. */
  private void names() {
    Map<String, Site> first = new HashMap<>();
    Map<String, String> taken = new HashMap<>();
    for (int i = 0; i < profile.places().size(); i++) {
      Site site = profile.places().get(i);
      taken.put(site.name(), site.name());
      Site other = first.putIfAbsent(site.name(), site);
      if (other != null) {
        again(i, site, other);
      }
    }
    for (int i = 0; i < profile.places().size(); i++) {
      Site site = profile.places().get(i);
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

  private void again(int index, Site site, Site first) {
    if (site.layered() != first.layered()) {
      add(
          index,
          Part.NAME,
          "the site '"
              + site.name()
              + "' has a layer at one of its places and none at another; write 'layer' at both or"
              + " at neither.");
    }
    if (!site.aliases().isEmpty()) {
      add(
          index,
          Part.ALIAS,
          "the other names of '" + site.name() + "' belong to its first tap; move them there.");
    }
    if (site.rows() != first.rows()) {
      add(
          index,
          site.rows() == Site.Rows.SOME ? Part.ROWS : Part.NAME,
          "all taps of '" + site.name() + "' need the same 'rows' line.");
    }
  }

  private void tokens() {
    for (int i = 0; i < profile.places().size(); i++) {
      Site site = profile.places().get(i);
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
                + (tokens ? "an int[] or an int" : "an int")
                + ": its value takes no 'as', 'rms', 'scaled' or 'like'.");
      }
      if (site.layered()) {
        add(i, Part.LAYER, "'tap " + site.name() + "' lies outside the blocks: it has no layer.");
      }
      if (site.at() instanceof JoinPoint.AroundCall) {
        add(
            i,
            Part.AT,
            "'tap "
                + site.name()
                + "' shows token ids and leaves no call out; write 'before call' or 'after call'.");
      }
      if (tokens && !site.lambdas().isEmpty()) {
        add(
            i,
            Part.IN,
            "'tap tokens' lies in a method, whose call is a pass: it cannot lie in a lambda.");
      }
      if (tokens && site.position().isEmpty()) {
        add(i, Part.NAME, "'tap tokens' needs 'pos': the position of its first token.");
      }
    }
    if (!profile.places().isEmpty()
        && profile.places().stream().noneMatch(s -> s.name().equals(Site.TOKENS))) {
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
