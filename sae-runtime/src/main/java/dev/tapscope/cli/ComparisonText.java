package dev.tapscope.cli;

import dev.tapscope.view.DisplayText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** A comparison as a terminal shows it. */
final class ComparisonText {
  private static final int KEY = 12;

  private ComparisonText() {}

  static String of(Comparison comparison, EditFlags flags) {
    List<String> lines = new ArrayList<>();
    for (JsonNode edit : comparison.edited().run().document().path("edits")) {
      lines.add(row("edit", DisplayText.visible(edit.path("edit").asString(""))));
      lines.add(row("formula", DisplayText.visible(edit.path("formula").asString(""))));
    }
    flags
        .model()
        .prompt()
        .ifPresent(prompt -> lines.add(row("prompt", DisplayText.visible(prompt))));
    lines.add("");
    int width = Math.max(7, comparison.word().length());
    lines.addAll(side("default", width, comparison.plain().output()));
    lines.addAll(side(comparison.word(), width, comparison.edited().output()));
    lines.add("");
    Effect effect = comparison.effect();
    lines.add(
        row(effect.before().sampled() ? "first token" : "likeliest", probability(effect.before())));
    if (effect.after().id() != effect.before().id()) {
      lines.add(row("", probability(effect.after())));
    }
    comparison.watched().forEach(token -> lines.add(row("watched", probability(token))));
    lines.add(
        row(
            "difference",
            effect.firstDifference().isPresent()
                ? "first at generated token " + effect.firstDifference().getAsInt()
                : "none in the generated tokens"));
    lines.add(
        row(
            "mean KL",
            String.format(
                Locale.ROOT,
                "%.4f nats a token, KL(default || %s) over %d %s with the same context",
                effect.meanDivergence(),
                comparison.word(),
                effect.positions(),
                effect.positions() == 1 ? "position" : "positions")));
    comparison
        .noOp()
        .ifPresent(same ->
            lines.add(
                row(
                    "check",
                    same
                        ? "strength 0 is bit-identical to the default, tokens and logits"
                        : "FAILED: strength 0 is not bit-identical to the default")));
    if (comparison.controls().tried() > 0) {
      lines.add(row("control", control(comparison)));
    }
    if (flags.model().isSample() || comparison.controls().tried() > 0) {
      lines.add(row("seed", Long.toString(flags.model().seed())));
    }
    return String.join(System.lineSeparator(), lines);
  }

  private static String control(Comparison comparison) {
    Comparison.Controls controls = comparison.controls();
    return String.format(
        Locale.ROOT,
        "%d of %d other random features at the same strength %.4g also give %s first%s",
        controls.same().size(),
        controls.tried(),
        controls.strength(),
        quoted(comparison.effect().after().text()),
        controls.same().isEmpty() ? "" : ": " + controls.same());
  }

  private static String probability(Effect.FirstToken token) {
    return String.format(
        Locale.ROOT,
        "P(%s)  %.4f -> %.4f",
        quoted(token.text()),
        token.byDefault(),
        token.edited());
  }

  private static String quoted(String text) {
    return '"' + DisplayText.visible(text) + '"';
  }

  private static List<String> side(String name, int width, String text) {
    List<String> lines = new ArrayList<>();
    for (String line : text.strip().split("\n", -1)) {
      String head = lines.isEmpty() ? name : "";
      lines.add(head + " ".repeat(width - head.length()) + " │ " + DisplayText.visible(line));
    }
    return lines;
  }

  private static String row(String key, String value) {
    return key + " ".repeat(Math.max(1, KEY - key.length())) + value;
  }
}
