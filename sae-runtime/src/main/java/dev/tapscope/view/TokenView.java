package dev.tapscope.view;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One screen: the tokens of a run and, for each SAE, what fires at them. The three renderers show
 * this and nothing else, so that terminal, page and JSON never disagree. All text is already safe
 * to print.
 *
 * @param title what was run
 * @param tokens every computed position, in order of sequence and position
 * @param sheets one for each SAE shown
 * @param edits interventions in force
 * @param notes sentences about the whole run
 * @param all whether the folded parts (BOS, dense features) are to be shown opened
 */
public record TokenView(
    String title,
    List<ShownToken> tokens,
    List<Sheet> sheets,
    List<Edit> edits,
    List<String> notes,
    boolean all) {

  public TokenView {
    tokens = List.copyOf(tokens);
    sheets = List.copyOf(sheets);
    edits = List.copyOf(edits);
    notes = List.copyOf(notes);
  }

  /** Tokens cut into sequences. */
  public List<List<ShownToken>> strips() {
    List<List<ShownToken>> strips = new ArrayList<>();
    for (ShownToken token : tokens) {
      if (strips.isEmpty() || strips.getLast().getLast().sequence() != token.sequence()) {
        strips.add(new ArrayList<>());
      }
      strips.getLast().add(token);
    }
    return strips;
  }

  /**
   * A token as it is drawn.
   *
   * @param index its place in {@link TokenView#tokens}
   * @param text the model's own text
   * @param display the text made visible; the later bytes of a split character are {@code ‥}
   */
  public record ShownToken(
      int index,
      int sequence,
      int position,
      int id,
      String text,
      String display,
      boolean generated,
      boolean bos) {}

  /**
   * An intervention.
   *
   * @param text as the user wrote it
   * @param formula what was computed, with units
   */
  public record Edit(String text, String formula) {}

  /**
   * A feature that fires at a token.
   *
   * @param token index of the token
   * @param share value as a part of the scale's maximum; above 1 where it exceeds it
   */
  public record Firing(int token, int feature, float value, double share) {}

  /**
   * What one SAE says about the tokens.
   *
   * @param name its name in the run
   * @param address the site it reads, {@code res.3}
   * @param width number of its features, 0 when not recorded
   * @param scale what colours and bars are relative to
   * @param l0 mean number of active features, BOS left out
   * @param relativeError {@code ||x - xhat|| / ||x||}, BOS left out, where the run recorded it
   * @param features features that are among the strongest of a token, best first; folded ones last
   * @param strongest for each token its strongest features that are not dense, strongest first
   * @param active number of active features of each token
   * @param folded what is hidden until asked for
   * @param omitted features that fire somewhere but nowhere among the strongest
   */
  public record Sheet(
      String name,
      String address,
      int width,
      Scale scale,
      double l0,
      OptionalDouble relativeError,
      List<Feature> features,
      List<List<Firing>> strongest,
      List<Integer> active,
      Folded folded,
      int omitted) {

    public Sheet {
      features = List.copyOf(features);
      strongest = strongest.stream().map(List::copyOf).toList();
      active = List.copyOf(active);
    }

    /** The feature the strip is coloured by. */
    public Optional<Feature> lead() {
      return features.stream().filter(feature -> !feature.folded()).findFirst();
    }

    /** A kept feature by its index. */
    public Optional<Feature> feature(int index) {
      return features.stream().filter(feature -> feature.index() == index).findFirst();
    }
  }

  /**
   * A feature over the whole view.
   *
   * @param label what it is said to stand for
   * @param labelSource who says so
   * @param max its largest activation here, BOS left out
   * @param tokens number of tokens it fires at, BOS left out
   * @param density share of the corpus it fires on, where statistics exist
   * @param datasetMax its maximum over the corpus, where statistics exist
   * @param asked whether it was asked for by name, so that it is never folded
   * @param dense whether it fires on more than 10 % of the corpus
   * @param bosOnly whether BOS is the only place it fires here
   * @param firings everywhere it fires, by token
   */
  public record Feature(
      int index,
      Optional<String> label,
      Optional<String> labelSource,
      float max,
      int tokens,
      OptionalDouble density,
      OptionalDouble datasetMax,
      boolean asked,
      boolean dense,
      boolean bosOnly,
      List<Firing> firings) {

    public Feature {
      firings = List.copyOf(firings);
    }

    public boolean folded() {
      return !asked && (dense || bosOnly);
    }

    /** Largest share of the scale reached by any token that is not BOS. */
    public double largestShare(List<ShownToken> tokens) {
      return firings.stream()
          .filter(firing -> !tokens.get(firing.token()).bos())
          .mapToDouble(Firing::share)
          .max()
          .orElse(0);
    }

    /** Share of the scale at a token, 0 where it does not fire. */
    public double shareAt(int token) {
      return firings.stream()
          .filter(firing -> firing.token() == token)
          .mapToDouble(Firing::share)
          .findFirst()
          .orElse(0);
    }
  }

  /**
   * What colours and bars are relative to.
   *
   * @param corpus the corpus behind each feature's own maximum, in words; empty when there are no
   *     statistics and the largest activation in the view is used for all
   * @param viewMax that largest activation, BOS left out
   */
  public record Scale(Optional<String> corpus, float viewMax) {
    public boolean dataset() {
      return corpus.isPresent();
    }
  }

  /**
   * What is folded away.
   *
   * @param bosTokens number of BOS tokens
   * @param bosFeatures active features at BOS, the mean over the BOS tokens
   * @param dense features denser than 10 % that fire here; empty without statistics
   */
  public record Folded(int bosTokens, double bosFeatures, Optional<Integer> dense) {}
}
