package dev.tapscope.view;

import dev.tapscope.view.TokenView.Feature;
import dev.tapscope.view.TokenView.Firing;
import dev.tapscope.view.TokenView.Sheet;
import dev.tapscope.view.TokenView.ShownToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The screen as terminal text. Colour only repeats what numbers and, without colours, bars say.
 * Lines break between tokens, never inside one.
 */
public final class AnsiView {
  private static final String GENERATED = "▸";
  private static final int FEATURE_ROWS = 12;
  private static final int BRIEF_FEATURE_ROWS = 5;
  private static final int TOKEN_ROWS = 48;
  private static final int TOKEN_COLUMNS = 14;
  private static final int FIRING_COLUMNS = 26;
  private static final int WHERE_COLUMNS = 32;

  /** How much of a screen is drawn. */
  public enum Extent {
    /** Strips, the strongest features of every token, the features. */
    FULL,
    /** Strips and a few features. */
    BRIEF
  }

  private final Terminal terminal;
  private final Extent extent;
  private final Paint paint;
  private final StringBuilder out = new StringBuilder();

  private AnsiView(Terminal terminal, Extent extent) {
    this.terminal = terminal;
    this.extent = extent;
    this.paint = new Paint(terminal);
  }

  /** Renders a whole screen, ending with a line break. */
  public static String render(TokenView view, Terminal terminal, Extent extent) {
    AnsiView screen = new AnsiView(terminal, extent);
    screen.screen(view);
    return screen.out.toString();
  }

  private void screen(TokenView view) {
    line(paint.strong(view.title()));
    for (TokenView.Edit edit : view.edits()) {
      wrapped("edit: " + edit.text() + "    " + edit.formula(), Function.identity());
    }
    view.notes().forEach(note -> wrapped(note, Function.identity()));
    if (view.sheets().isEmpty()) {
      strips(view, Optional.empty());
    }
    for (int i = 0; i < view.sheets().size(); i++) {
      line("");
      sheet(view, view.sheets().get(i), i == 0);
    }
  }

  private void sheet(TokenView view, Sheet sheet, boolean first) {
    line(
        paint.strong(Wording.heading(sheet))
            + "    "
            + Wording.count(view.tokens().size(), "token", "tokens"));
    wrapped(Wording.accuracy(sheet) + "." + (first ? " " + Wording.NO_FVU : ""), paint::muted);
    wrapped(
        Wording.folded(sheet, view.all()) + (view.all() ? "" : " --all shows them."), paint::muted);
    strips(view, sheet.lead());
    sheet.lead().ifPresent(lead -> legend(sheet, lead));
    line("");
    if (extent == Extent.FULL) {
      tokenRows(view, sheet);
      line("");
    }
    featureRows(view, sheet);
  }

  private void legend(Sheet sheet, Feature lead) {
    StringBuilder ramp = new StringBuilder();
    for (double share : new double[] {0.1, 0.25, 0.5, 0.75, 1}) {
      ramp.append(paint.bubble(paint.coloured() ? "  " : String.valueOf(Shade.bar(share)), share));
    }
    line("");
    line(
        (paint.coloured() ? "colour  " : "bars  ")
            + ramp
            + "  "
            + paint.strong(Wording.name(sheet, lead))
            + ", at most "
            + Wording.value(lead.max())
            + " here");
    wrapped(Wording.scale(sheet), paint::muted);
  }

  private void strips(TokenView view, Optional<Feature> lead) {
    boolean several = view.strips().size() > 1;
    for (List<ShownToken> strip : view.strips()) {
      line("");
      if (several) {
        line(paint.muted("text " + strip.getFirst().sequence()));
      }
      for (List<ShownToken> tokens : lines(strip, view.all())) {
        strip(tokens, strip, lead);
      }
    }
  }

  private void strip(List<ShownToken> tokens, List<ShownToken> whole, Optional<Feature> lead) {
    StringBuilder text = new StringBuilder(" ");
    StringBuilder bars = new StringBuilder(" ");
    for (ShownToken token : tokens) {
      double share = lead.map(feature -> feature.shareAt(token.index())).orElse(0.0);
      if (startsGenerated(token, whole)) {
        text.append(paint.muted(GENERATED));
        bars.append(' ');
      }
      text.append(paint.bubble(token.display(), share));
      bars.repeat(Shade.bar(share), Columns.of(token.display()));
    }
    line(text.toString().stripTrailing());
    if (!paint.coloured() && !bars.toString().isBlank()) {
      line(bars.toString().stripTrailing());
    }
  }

  private static boolean startsGenerated(ShownToken token, List<ShownToken> strip) {
    int place = strip.indexOf(token);
    return token.generated() && (place == 0 || !strip.get(place - 1).generated());
  }

  /** Breaks a strip after line breaks of the text and before tokens that do not fit. */
  private List<List<ShownToken>> lines(List<ShownToken> strip, boolean all) {
    List<List<ShownToken>> lines = new ArrayList<>();
    List<ShownToken> line = new ArrayList<>();
    int used = 1;
    for (ShownToken token : strip) {
      if (token.bos() && !all) {
        continue;
      }
      int columns = Columns.of(token.display()) + (startsGenerated(token, strip) ? 1 : 0);
      if (!line.isEmpty() && used + columns > terminal.columns()) {
        lines.add(line);
        line = new ArrayList<>();
        used = 1;
      }
      line.add(token);
      used += columns;
      if (token.display().endsWith("↵")) {
        lines.add(line);
        line = new ArrayList<>();
        used = 1;
      }
    }
    if (!line.isEmpty()) {
      lines.add(line);
    }
    return lines;
  }

  private void tokenRows(TokenView view, Sheet sheet) {
    Map<Integer, Feature> features =
        sheet.features().stream().collect(Collectors.toMap(Feature::index, Function.identity()));
    List<ShownToken> tokens =
        view.tokens().stream().filter(token -> view.all() || !token.bos()).toList();
    line(paint.muted(Columns.fit("token", TOKEN_COLUMNS) + "  strongest features, activation"));
    int limit = view.all() ? tokens.size() : Math.min(tokens.size(), TOKEN_ROWS);
    for (ShownToken token : tokens.subList(0, limit)) {
      StringBuilder row = new StringBuilder(Columns.fit(token.display(), TOKEN_COLUMNS));
      int used = TOKEN_COLUMNS;
      for (Firing firing : sheet.strongest().get(token.index())) {
        if (used + 2 + FIRING_COLUMNS > terminal.columns()) {
          break;
        }
        row.append("  ").append(firing(firing, features.get(firing.feature())));
        used += 2 + FIRING_COLUMNS;
      }
      line(row.toString().stripTrailing());
    }
    if (limit < tokens.size()) {
      line(
          paint.muted(
              "… "
                  + Wording.count(tokens.size() - limit, "more token", "more tokens")
                  + "; --all shows them"));
    }
  }

  private String firing(Firing firing, Feature feature) {
    String number = "%4d %5s".formatted(firing.feature(), Wording.value(firing.value()));
    String bar = paint.coloured() ? "" : " " + Shade.bar(firing.share());
    int left = FIRING_COLUMNS - Columns.of(number) - Columns.of(bar) - 1;
    return paint.bubble(number, firing.share())
        + bar
        + " "
        + Columns.fit(Wording.label(feature), left);
  }

  private void featureRows(TokenView view, Sheet sheet) {
    List<Feature> features =
        sheet.features().stream().filter(feature -> view.all() || !feature.folded()).toList();
    List<ShownToken> tokens = view.tokens().stream().filter(t -> view.all() || !t.bos()).toList();
    int cells = Math.min(tokens.size(), WHERE_COLUMNS);
    boolean where = cells > 0 && terminal.columns() >= 48 + cells;
    line(
        paint.muted(
            "feature    max  of scale  tokens  density  "
                + (where ? Columns.fit("where", Math.max(5, cells)) + "  " : "")
                + "label"));
    int rows = extent == Extent.FULL ? FEATURE_ROWS : BRIEF_FEATURE_ROWS;
    int limit = view.all() ? features.size() : Math.min(features.size(), rows);
    for (Feature feature : features.subList(0, limit)) {
      double share = feature.largestShare(view.tokens());
      String numbers =
          "%7d  %5s  %8s  %6d  %7s  "
              .formatted(
                  feature.index(),
                  Wording.value(feature.max()),
                  Wording.percent(share),
                  feature.tokens(),
                  Wording.density(feature.density()));
      String strip = where ? Columns.fit(where(feature, tokens, cells), Math.max(5, cells)) : "";
      String label = Wording.label(feature) + (feature.dense() ? " (dense)" : "");
      int left = terminal.columns() - Columns.of(numbers) - Columns.of(strip) - 2;
      line(numbers + strip + (where ? "  " : "") + Columns.cut(label, Math.max(8, left)));
    }
    int more = features.size() - limit + sheet.omitted();
    if (more > 0) {
      line(
          paint.muted(
              "… " + Wording.count(more, "more feature fires", "more features fire") + "."));
    }
  }

  /** One cell a token, or the largest of several where there are more tokens than cells. */
  private static String where(Feature feature, List<ShownToken> tokens, int cells) {
    StringBuilder strip = new StringBuilder();
    for (int cell = 0; cell < cells; cell++) {
      int from = (int) ((long) cell * tokens.size() / cells);
      int to = (int) ((long) (cell + 1) * tokens.size() / cells);
      double share =
          tokens.subList(from, to).stream()
              .mapToDouble(token -> feature.shareAt(token.index()))
              .max()
              .orElse(0);
      strip.append(share > 0 ? Shade.bar(share) : '·');
    }
    return strip.toString();
  }

  private void wrapped(String text, Function<String, String> style) {
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && Columns.of(line.toString() + " " + word) > terminal.columns()) {
        line(style.apply(line.toString()));
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    line(style.apply(line.toString()));
  }

  private void line(String text) {
    out.append(text).append('\n');
  }
}
