package dev.tapscope.view;

import dev.tapscope.recording.FeatureTable;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.TokenView.ShownToken;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Makes the screen of a run. */
public final class ViewBuilder {
  private ViewBuilder() {}

  /**
   * Builds the view.
   *
   * @param title what was run
   * @param tokens the run's tokens
   * @param tables what each SAE said, a row a token
   * @param facts by SAE name, in the order to show them; an SAE without facts is shown bare, and
   *     after the others
   * @param edits interventions in force
   * @param notes sentences about the whole run
   * @throws TapscopeException {@code sae-unknown} when the options name an SAE the run does not
   *     have; {@code feature-unknown} when a feature lies outside its SAE
   */
  public static TokenView build(
      String title,
      List<RecordedToken> tokens,
      List<FeatureTable> tables,
      Map<String, SaeFacts> facts,
      List<TokenView.Edit> edits,
      List<String> notes,
      ViewOptions options) {
    options.sae().ifPresent(name -> requireKnown(name, tables));
    options.feature().ifPresent(feature -> requireKnown(feature.sae(), tables));
    options.feature().ifPresent(feature -> requireInside(feature, facts));
    List<String> order = List.copyOf(facts.keySet());
    List<FeatureTable> ordered = new ArrayList<>(tables);
    ordered.sort(
        Comparator.comparingInt(
            table -> facts.containsKey(table.name()) ? order.indexOf(table.name()) : order.size()));
    List<TokenView.Sheet> sheets = new ArrayList<>();
    for (FeatureTable table : ordered) {
      String wanted =
          options
              .sae()
              .or(() -> options.feature().map(ViewOptions.FeatureName::sae))
              .orElse(table.name());
      if (wanted.equals(table.name())) {
        SaeFacts known = facts.getOrDefault(table.name(), SaeFacts.bare("site not recorded"));
        sheets.add(new SheetBuilder(tokens, table, known, options).build());
      }
    }
    return new TokenView(
        DisplayText.visible(title),
        shown(tokens),
        sheets,
        edits.stream()
            .map(e ->
                new TokenView.Edit(DisplayText.visible(e.text()), DisplayText.visible(e.formula())))
            .toList(),
        notes.stream().map(DisplayText::visible).toList(),
        options.all());
  }

  private static List<ShownToken> shown(List<RecordedToken> tokens) {
    List<String> display = DisplayText.of(tokens);
    List<ShownToken> shown = new ArrayList<>(tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      RecordedToken t = tokens.get(i);
      shown.add(
          new ShownToken(
              i,
              t.sequence(),
              t.position(),
              t.id(),
              t.text(),
              display.get(i),
              t.generated(),
              t.bos()));
    }
    return shown;
  }

  private static void requireKnown(String name, List<FeatureTable> tables) {
    List<String> names = tables.stream().map(FeatureTable::name).toList();
    if (!names.contains(name)) {
      throw TapscopeException.usage(
          "sae-unknown",
          "The run has no SAE named "
              + name
              + "; it has "
              + (names.isEmpty() ? "none" : String.join(", ", names))
              + ". Use one of these names, or run again with --sae \""
              + name
              + "=ADDRESS PATH\".");
    }
  }

  private static void requireInside(ViewOptions.FeatureName feature, Map<String, SaeFacts> facts) {
    int width = facts.containsKey(feature.sae()) ? facts.get(feature.sae()).width() : 0;
    if (feature.index() < 0 || (width > 0 && feature.index() >= width)) {
      throw TapscopeException.usage(
          "feature-unknown",
          "There is no feature "
              + feature
              + ": "
              + feature.sae()
              + " has "
              + width
              + " features, numbered from 0. Give an index below that.");
    }
  }
}
