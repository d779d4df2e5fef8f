package dev.tapscope.cli;

import static java.util.stream.Collectors.joining;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import tools.jackson.databind.JsonNode;

/**
 * A generation without and with edits, and what was asked about the difference.
 *
 * @param word what the edited run is called, {@code steered}
 * @param noOp whether strength 0 left everything bit-identical, where that was checked
 * @param controls other features at the same strength that gave the same first token, where asked
 * @param watched the first tokens that were asked for
 */
record Comparison(
    String word,
    Trial plain,
    Trial edited,
    Effect effect,
    Optional<Boolean> noOp,
    Controls controls,
    List<Effect.FirstToken> watched) {

  /**
   * Other features steered alike.
   *
   * @param tried how many
   * @param strength in the site's units
   * @param same those that gave the same first token
   */
  record Controls(int tried, double strength, List<Integer> same) {
    static final Controls NONE = new Controls(0, 0, List.of());
  }

  /**
   * Runs everything.
   *
   * @param edits in the agent's language
   * @param controls how many other features to try
   * @throws TapscopeException {@code control-features} when controls are asked for other edits than
   *     that of one feature, or what looking up watched tokens gives
   */
  static Comparison of(
      String word,
      EditFlags flags,
      List<Edit> edits,
      int controls,
      TappedProcess process,
      Places places,
      Screen screen) {
    if (controls > 0 && (flags.features().size() != 1 || !flags.edits().isEmpty())) {
      throw TapscopeException.usage(
          "control-features",
          "--control compares one feature with others at the same strength, and there are %d --feature and %d --edit. Leave --control out, or give one --feature alone."
              .formatted(flags.features().size(), flags.edits().size()));
    }
    List<WatchedToken> watched =
        flags.watched().stream()
            .map(token -> WatchedToken.of(token, flags.model(), places))
            .toList();
    List<String> command = flags.model().compared(places, screen);
    screen.say("running without edits");
    Trial plain = Trial.of(process, command, flags, List.of());
    screen.say(
        "running " + word + ": " + edits.stream().map(Edit::toString).collect(joining("; ")));
    Trial edited = Trial.of(process, command, flags, edits);
    Optional<Boolean> noOp = Optional.empty();
    if (flags.zero()) {
      screen.say("running with strength 0");
      List<Edit> zero = flags.features().stream().map(f -> f.steer("0", flags.scope())).toList();
      noOp = Optional.of(Effect.identical(plain, Trial.of(process, command, flags, zero)));
    }
    Controls tried = Controls.NONE;
    if (controls > 0) {
      tried = controls(flags, controls, edited, process, places, screen);
    }
    return new Comparison(
        word,
        plain,
        edited,
        Effect.of(plain, edited),
        noOp,
        tried,
        watched.stream().map(token -> Effect.watched(token, plain, edited)).toList());
  }

  private static Controls controls(
      EditFlags flags,
      int wanted,
      Trial edited,
      TappedProcess process,
      Places places,
      Screen screen) {
    FeatureEdit first = flags.features().getFirst();
    double strength = strength(edited.run().document());
    int width = width(edited.run().document(), first.sae());
    List<Integer> others = others(flags, first.sae(), width, wanted);
    List<String> command = flags.model().command(places, ModelFlags.FEWEST_COMPARED);
    List<Integer> same = new ArrayList<>();
    for (int i = 0; i < others.size(); i++) {
      int feature = others.get(i);
      screen.say("control %d of %d: feature %d".formatted(i + 1, others.size(), feature));
      FeatureEdit control = first.on(feature, strength);
      List<Edit> edit = List.of(control.steer(control.value().orElseThrow(), flags.scope()));
      Trial trial = Trial.of(process, command, flags, edit);
      if (trial.beginsLike(edited)) {
        same.add(feature);
      }
    }
    return new Controls(others.size(), strength, same);
  }

  /**
   * Strength of the first edit as the run resolved it, in the site's units.
   *
   * @throws TapscopeException {@code strength-unrecorded} when {@code run.json} does not state it
   */
  static double strength(JsonNode document) {
    for (JsonNode edit : document.path("edits")) {
      if (edit.path("key").asString("").equals("edit.1") && edit.path("value").isNumber()) {
        return edit.path("value").doubleValue();
      }
    }
    throw TapscopeException.failed(
        "strength-unrecorded",
        "The controls need the strength of the edit in the site's units, and run.json states no"
            + " value for edit.1. Use the agent and the runtime of the same build.");
  }

  private static int width(JsonNode document, String sae) {
    for (JsonNode node : document.path("saes")) {
      if (node.path("name").asString("").equals(sae)) {
        return node.path("features").asInt(0);
      }
    }
    return 0;
  }

  /** Distinct features drawn by the seed, none of them steered already. */
  private static List<Integer> others(EditFlags flags, String sae, int width, int wanted) {
    List<Integer> taken =
        new ArrayList<>(
            flags.features().stream()
                .filter(f -> f.sae().equals(sae))
                .map(FeatureEdit::index)
                .toList());
    int most = Math.min(wanted, width - taken.size());
    SplittableRandom random = new SplittableRandom(flags.model().seed());
    List<Integer> drawn = new ArrayList<>();
    while (drawn.size() < most) {
      int feature = random.nextInt(width);
      if (!taken.contains(feature)) {
        taken.add(feature);
        drawn.add(feature);
      }
    }
    return drawn;
  }

  /** Prints it, and says whether every check held. */
  boolean print(EditFlags flags, PrintStream out) {
    out.println(flags.json() ? ComparisonJson.of(this, flags) : ComparisonText.of(this, flags));
    return noOp.orElse(true);
  }
}
