package dev.tapscope.view;

import dev.tapscope.recording.FeatureTable;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.sae.Label;
import dev.tapscope.view.TokenView.Feature;
import dev.tapscope.view.TokenView.Firing;
import dev.tapscope.view.TokenView.Folded;
import dev.tapscope.view.TokenView.Scale;
import dev.tapscope.view.TokenView.Sheet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Makes one SAE's sheet: what is kept, how it is scaled, what is folded. */
final class SheetBuilder {
  /** Features that fire on a larger share of the corpus than this are folded. */
  static final float DENSE = 0.10f;

  private final List<RecordedToken> tokens;
  private final FeatureTable table;
  private final SaeFacts facts;
  private final ViewOptions options;
  private final Scale scale;

  SheetBuilder(
      List<RecordedToken> tokens, FeatureTable table, SaeFacts facts, ViewOptions options) {
    this.tokens = tokens;
    this.table = table;
    this.facts = facts;
    this.options = options;
    this.scale =
        new Scale(
            facts.max(0).isPresent() ? Optional.of(facts.corpus()) : Optional.empty(), viewMax());
  }

  Sheet build() {
    List<List<Firing>> rows = new ArrayList<>();
    for (int t = 0; t < tokens.size(); t++) {
      int token = t;
      rows.add(
          table.rows().get(t).stream()
              .map(f -> new Firing(token, f.feature(), f.value(), share(f.feature(), f.value())))
              .sorted(
                  Comparator.comparingDouble(Firing::value)
                      .reversed()
                      .thenComparingInt(Firing::feature))
              .toList());
    }
    List<List<Firing>> strongest =
        rows.stream()
            .map(r -> r.stream().filter(f -> !dense(f.feature())).limit(options.top()).toList())
            .toList();
    Map<Integer, List<Firing>> byFeature = new TreeMap<>();
    rows.forEach(row ->
        row.forEach(f -> byFeature.computeIfAbsent(f.feature(), i -> new ArrayList<>()).add(f)));

    Set<Integer> kept = kept(strongest, byFeature);
    List<Feature> features =
        kept.stream()
            .map(index -> feature(index, byFeature.getOrDefault(index, List.of())))
            .sorted(order())
            .toList();
    int omitted = (int) byFeature.keySet().stream().filter(index -> !kept.contains(index)).count();
    return new Sheet(
        DisplayText.visible(table.name()),
        DisplayText.visible(facts.address()),
        facts.width(),
        scale,
        meanActive(false).orElse(0),
        facts.relativeError(),
        features,
        strongest,
        rows.stream().map(List::size).toList(),
        folded(byFeature.keySet()),
        omitted);
  }

  /** The strongest of every token, the dense ones, which are folded by kind, and the asked one. */
  private Set<Integer> kept(List<List<Firing>> strongest, Map<Integer, List<Firing>> byFeature) {
    Set<Integer> kept = new HashSet<>();
    strongest.forEach(row -> row.forEach(firing -> kept.add(firing.feature())));
    byFeature.keySet().stream().filter(this::dense).forEach(kept::add);
    if (options.all()) {
      kept.addAll(byFeature.keySet());
    }
    asked().ifPresent(kept::add);
    return kept;
  }

  /**
   * The asked feature, those with a label, then by strength and rarity; folded ones last. What
   * fires on every second token says little about these tokens, however strongly.
   */
  private Comparator<Feature> order() {
    return Comparator.comparing((Feature f) -> asked().orElse(-1) != f.index())
        .thenComparing(Feature::folded)
        .thenComparing(feature -> feature.label().isEmpty())
        .thenComparing(Comparator.comparingDouble(this::telling).reversed())
        .thenComparingInt(Feature::index);
  }

  /** Sum of the shares over the tokens but BOS, times {@code ln(1 / density)} where known. */
  private double telling(Feature feature) {
    double strength =
        feature.firings().stream()
            .filter(firing -> !tokens.get(firing.token()).bos())
            .mapToDouble(Firing::share)
            .sum();
    double density = feature.density().orElse(0);
    return density > 0 ? strength * -Math.log(density) : strength;
  }

  private OptionalInt asked() {
    return options.feature().stream()
        .filter(name -> name.sae().equals(table.name()))
        .mapToInt(ViewOptions.FeatureName::index)
        .findFirst();
  }

  private Feature feature(int index, List<Firing> firings) {
    List<Firing> words = firings.stream().filter(f -> !tokens.get(f.token()).bos()).toList();
    Optional<Label> label = Optional.ofNullable(facts.labels().get(index));
    double max = words.stream().mapToDouble(Firing::value).max().orElse(0);
    return new Feature(
        index,
        label.map(l -> DisplayText.visible(l.text())),
        label.map(Label::source).filter(source -> !source.isBlank()).map(DisplayText::visible),
        (float) max,
        words.size(),
        facts.density(index),
        facts.max(index),
        asked().orElse(-1) == index,
        dense(index),
        !firings.isEmpty() && words.isEmpty(),
        firings);
  }

  private Folded folded(Set<Integer> firing) {
    int bosTokens = (int) tokens.stream().filter(RecordedToken::bos).count();
    Optional<Integer> dense =
        facts.stats().map(stats -> (int) firing.stream().filter(this::dense).count());
    return new Folded(bosTokens, meanActive(true).orElse(0), dense);
  }

  private OptionalDouble meanActive(boolean bos) {
    return IntStream.range(0, tokens.size())
        .filter(t -> tokens.get(t).bos() == bos)
        .map(t -> table.rows().get(t).size())
        .average();
  }

  private boolean dense(int feature) {
    return (float) facts.density(feature).orElse(0) > DENSE;
  }

  /** Against the feature's own maximum over the corpus, else against the largest in the view. */
  private double share(int feature, float value) {
    double max = facts.max(feature).orElse(0);
    return value / (max > 0 ? max : scale.viewMax());
  }

  private float viewMax() {
    float max = 0;
    for (int t = 0; t < tokens.size(); t++) {
      for (FeatureTable.Firing firing : table.rows().get(t)) {
        if (!tokens.get(t).bos()) {
          max = Math.max(max, firing.value());
        }
      }
    }
    return max > 0 ? max : 1;
  }
}
