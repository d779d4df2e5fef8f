package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;

/** A command that runs the same prompt without and with edits, and compares. */
abstract class ComparingCommand implements Callable<Integer> {
  @Mixin private EditFlags flags;

  private final String word;
  private final Screen screen;
  private final Places places;

  /**
   * @param word what a run with edited features is called, {@code steered}
   */
  ComparingCommand(String word, Screen screen, Places places) {
    this.word = word;
    this.screen = screen;
    this.places = places;
  }

  /**
   * What this command does with a feature.
   *
   * @throws TapscopeException when the feature lacks a strength, or has one for nothing
   */
  abstract Edit edit(FeatureEdit feature, EditFlags flags);

  /** How many other features to try. */
  int controls() {
    return 0;
  }

  @Override
  public final Integer call() {
    flags.check();
    List<Edit> edits =
        Stream.concat(
                flags.features().stream().map(feature -> edit(feature, flags)),
                flags.edits().stream())
            .toList();
    Comparison comparison =
        Comparison.of(
            flags.features().isEmpty() ? "edited" : word,
            flags,
            edits,
            controls(),
            new TappedProcess(places, screen),
            places,
            screen);
    return comparison.print(flags, screen.out()) ? 0 : TapscopeException.CHECK;
  }
}
