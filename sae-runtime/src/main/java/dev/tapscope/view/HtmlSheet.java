package dev.tapscope.view;

import dev.tapscope.view.TokenView.Feature;
import dev.tapscope.view.TokenView.Firing;
import dev.tapscope.view.TokenView.Sheet;
import dev.tapscope.view.TokenView.ShownToken;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** One SAE's part of the page. */
final class HtmlSheet {
  private final Markup page;
  private final TokenView view;
  private final Sheet sheet;
  private final String id;
  private final Map<Integer, Feature> features;

  HtmlSheet(Markup page, TokenView view, Sheet sheet, String id) {
    this.page = page;
    this.view = view;
    this.sheet = sheet;
    this.id = id;
    this.features =
        sheet.features().stream().collect(Collectors.toMap(Feature::index, Function.identity()));
  }

  void write() {
    page.open("section", "class", "sheet", "id", id).line();
    page.element("h2", Wording.heading(sheet)).line();
    page.element("p", Wording.accuracy(sheet) + ".", "class", "quiet").line();
    toggles();
    Map<Integer, Double> lead = new HashMap<>();
    sheet.lead().ifPresent(f -> f.firings().forEach(x -> lead.put(x.token(), x.share())));
    strips(
        page,
        view,
        t -> lead.getOrDefault(t.index(), 0.0),
        this::title,
        t -> sheet.active().get(t.index()));
    legend();
    page.element(
            "p",
            "Point at a token to see its features, click to keep it; point at a feature to see"
                + " where it fires.",
            "class",
            "now",
            "aria-live",
            "polite")
        .line();
    featureTable();
    tokenTable();
    page.close().line();
  }

  /** The tokens of a run without SAEs. */
  static void plainStrips(Markup page, TokenView view) {
    strips(page, view, t -> 0, HtmlSheet::place, t -> 0);
  }

  private void toggles() {
    page.open("div", "class", "toggles");
    if (sheet.folded().bosTokens() > 0) {
      long only = sheet.features().stream().filter(Feature::bosOnly).count();
      toggle(
          "show-bos",
          "Show BOS ("
              + Wording.value(sheet.folded().bosFeatures())
              + " active features; "
              + Wording.count(only, "of those listed fires", "of those listed fire")
              + " nowhere else)");
    }
    sheet
        .folded()
        .dense()
        .ifPresentOrElse(
            n ->
                toggle(
                    "show-dense",
                    "Show " + Wording.count(n, "feature", "features") + " denser than 10 %"),
            () ->
                page.element(
                    "span",
                    "No feature is folded as dense: without stats.safetensors densities are"
                        + " unknown.",
                    "class",
                    "quiet"));
    page.close().line();
  }

  private void toggle(String name, String text) {
    page.open("label");
    if (view.all()) {
      page.empty("input", "type", "checkbox", "class", name, "checked", "checked");
    } else {
      page.empty("input", "type", "checkbox", "class", name);
    }
    page.text(text).close();
  }

  private static void strips(
      Markup page,
      TokenView view,
      ToDoubleFunction<ShownToken> share,
      Function<ShownToken, String> title,
      ToIntFunction<ShownToken> active) {
    List<List<ShownToken>> strips = view.strips();
    page.open("div", "class", "strips").line();
    boolean reachable = true; // one token of the sheet is reached by Tab, the others by arrows
    for (List<ShownToken> strip : strips) {
      page.open("div", "class", "strip");
      if (strips.size() > 1) {
        page.element("span", "text " + strip.getFirst().sequence(), "class", "no");
      }
      boolean generated = false;
      for (ShownToken token : strip) {
        if (token.generated() && !generated) {
          page.element("span", "▸", "class", "mark", "title", "generated from here on");
        }
        generated = token.generated();
        boolean first = reachable && !token.bos();
        reachable &= !first;
        token(
            page,
            token,
            share.applyAsDouble(token),
            title.apply(token),
            active.applyAsInt(token),
            first);
        if (token.display().endsWith("↵")) {
          page.empty("br");
        }
      }
      page.close().line();
    }
    page.close().line();
  }

  private static void token(
      Markup page, ShownToken token, double share, String title, int active, boolean reachable) {
    String kind = "tok" + (token.generated() ? " gen" : "") + (token.bos() ? " bos" : "");
    String text =
        token.display().isBlank() ? token.display().replace(' ', '\u00a0') : token.display();
    page.element(
        "span",
        text,
        "class",
        kind,
        "role",
        "button",
        "tabindex",
        reachable ? "0" : "-1",
        "aria-pressed",
        "false",
        "data-i",
        String.valueOf(token.index()),
        "data-p",
        String.valueOf(token.position()),
        "data-n",
        String.valueOf(active),
        "style",
        "--a:" + decimal(Shade.opacity(share)),
        "title",
        title);
  }

  private static String place(ShownToken token) {
    return "position " + token.position() + ", id " + token.id();
  }

  private String title(ShownToken token) {
    StringBuilder title = new StringBuilder(token.display() + "   " + place(token));
    for (Firing firing : sheet.strongest().get(token.index())) {
      title
          .append('\n')
          .append(firing.feature())
          .append("  ")
          .append(Wording.value(firing.value()))
          .append("  ")
          .append(Wording.label(features.get(firing.feature())));
    }
    return title.toString();
  }

  private void legend() {
    page.open("p", "class", "legend").open("span", "class", "ramp", "aria-hidden", "true");
    for (double share : new double[] {0.03, 0.1, 0.25, 0.5, 1}) {
      page.element("i", "", "style", "--a:" + decimal(Shade.opacity(share)));
    }
    page.close();
    page.element(
        "b",
        sheet.lead().map(f -> Wording.name(sheet, f)).orElse("nothing fires"),
        "class",
        "legend-name");
    page.element("span", Wording.scale(sheet), "class", "quiet").close().line();
  }

  private void featureTable() {
    page.open("div", "class", "wide").open("table").open("thead").open("tr");
    page.element("th", "feature").element("th", "at token", "class", "n hover-only");
    page.element("th", "label").element("th", "where it fires");
    for (String number : List.of("max here", "of scale", "tokens", "density")) {
      page.element("th", number, "class", "n");
    }
    page.close().close().line().open("tbody", "class", "features").line();
    Optional<Integer> lead = sheet.lead().map(Feature::index);
    sheet.features().forEach(f -> featureRow(f, lead.equals(Optional.of(f.index()))));
    page.close().close().close().line();
    if (sheet.omitted() > 0) {
      page.element(
          "p",
          Wording.count(sheet.omitted(), "more feature fires", "more features fire")
              + " but nowhere among a token's strongest; --all lists every one.",
          "class",
          "quiet");
    }
  }

  private void featureRow(Feature feature, boolean lead) {
    String kind =
        "feature"
            + (feature.folded() && feature.dense() ? " dense" : "")
            + (feature.folded() && feature.bosOnly() ? " bos" : "");
    String firings =
        feature.firings().stream()
            .map(f -> f.token() + ":" + decimal(f.share()) + ":" + Wording.value(f.value()))
            .collect(Collectors.joining(" "));
    page.open(
        "tr",
        "class",
        kind,
        "data-lead",
        String.valueOf(lead),
        "data-name",
        Wording.name(sheet, feature),
        "data-v",
        firings);
    page.open("td")
        .element("button", String.valueOf(feature.index()), "class", "id", "type", "button")
        .close();
    page.element("td", "", "class", "n here hover-only");
    String source = feature.labelSource().map(s -> "source: " + s).orElse("no label");
    page.open("td", "class", feature.label().isPresent() ? "label" : "label none", "title", source)
        .text(Wording.label(feature) + (feature.dense() ? " (dense)" : ""))
        .close();
    page.open("td");
    where(feature);
    page.close();
    page.element("td", Wording.value(feature.max()), "class", "n");
    page.element("td", Wording.percent(feature.largestShare(view.tokens())), "class", "n");
    page.element("td", String.valueOf(feature.tokens()), "class", "n");
    page.element("td", Wording.density(feature.density()), "class", "n");
    page.close().line();
  }

  /** A cell a token, drawn only where the feature fires. */
  private void where(Feature feature) {
    int first =
        view.tokens().stream().anyMatch(ShownToken::bos) && view.strips().size() == 1 ? 1 : 0;
    page.open(
        "svg",
        "class",
        "where",
        "viewBox",
        first + " 0 " + Math.max(1, view.tokens().size() - first) + " 1",
        "preserveAspectRatio",
        "none",
        "role",
        "img",
        "aria-label",
        "fires at " + Wording.count(feature.tokens(), "token", "tokens"));
    for (Firing firing : feature.firings()) {
      if (!view.tokens().get(firing.token()).bos()) {
        page.empty(
            "rect",
            "x",
            String.valueOf(firing.token()),
            "width",
            "1",
            "height",
            "1",
            "opacity",
            decimal(Shade.opacity(firing.share())));
      }
    }
    page.close();
  }

  private void tokenTable() {
    page.open("details").element("summary", "The strongest features of every token").line();
    page.open("table").open("tbody").line();
    for (ShownToken token : view.tokens()) {
      page.open("tr", "class", token.bos() ? "bos" : "word");
      page.element("td", token.display()).open("td");
      for (Firing firing : sheet.strongest().get(token.index())) {
        page.open("span", "class", "chip");
        page.element(
            "b",
            firing.feature() + " " + Wording.value(firing.value()),
            "style",
            "--a:" + decimal(Shade.opacity(firing.share())));
        page.text(features.get(firing.feature()).label().orElse("")).close();
      }
      page.close().close().line();
    }
    page.close().close().close().line();
  }

  private static String decimal(double value) {
    String text = String.format(Locale.ROOT, "%.3f", value);
    return text.equals("0.000") ? "0" : text;
  }
}
