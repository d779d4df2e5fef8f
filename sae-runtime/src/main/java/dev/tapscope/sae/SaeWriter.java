package dev.tapscope.sae;

import dev.tapscope.io.WholeFile;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes an SAE in a format that others read. What a trainer has goes through {@link #folding}; an
 * SAE that was loaded through {@link #of}. Each file appears under its name only when it is whole,
 * the one by which a folder is recognised last. Not thread-safe.
 *
 * <pre>{@code
 * SaeWeights.Draft draft = new SaeWeights.Draft(inputs, features, outputs); // filled in
 * SaeWriter.folding(draft, Convention.of(true, scale))
 *     .metadata("site", "res")
 *     .writeTo(folder, SaeFormat.GEMMA_SCOPE);
 * }</pre>
 */
public final class SaeWriter {
  private final SaeWeights weights;
  private final Convention convention;
  private final List<String> notes;
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private Optional<SaeStats> stats = Optional.empty();
  private Optional<Path> labels = Optional.empty();

  private SaeWriter(SaeWeights weights, Convention convention, List<String> notes) {
    this.weights = weights;
    this.convention = convention;
    this.notes = notes;
  }

  /** Weights that leave nothing to whoever runs them, such as those of a {@link JumpReluSae}. */
  public static SaeWriter of(SaeWeights weights) {
    return new SaeWriter(weights, Convention.FOLDED, new ArrayList<>());
  }

  /**
   * Folds what training leaves: the bias taken off the input, the scale of the rows, decoder rows
   * that are not of unit length.
   *
   * @param draft what was trained; changed in place, and not to be used afterwards
   * @throws IllegalArgumentException when a bias is taken off an input of another width
   * @throws TapscopeException {@code sae-nonfinite}
   */
  public static SaeWriter folding(SaeWeights.Draft draft, Convention trained) {
    requireSameWidths(trained, draft.inputs(), draft.outputs());
    Finite.check(draft);
    List<String> notes = new ArrayList<>(trained.fold(draft));
    Folding folding = new Folding(draft);
    folding.clampThresholds();
    folding.unitDecoder();
    notes.addAll(folding.notes());
    Finite.check(draft);
    return new SaeWriter(draft.finish(), Convention.FOLDED, notes);
  }

  /**
   * The same SAE in another convention. Only {@link SaeFormat#SAELENS} has a place to state one.
   *
   * @throws IllegalArgumentException when a bias is taken off an input of another width
   */
  public SaeWriter unfolded(Convention wanted) {
    if (!convention.equals(Convention.FOLDED)) {
      throw new IllegalStateException("unfolded already");
    }
    requireSameWidths(wanted, weights.inputs(), weights.outputs());
    SaeWeights.Draft draft = weights.draft();
    List<String> all = new ArrayList<>(notes);
    all.addAll(wanted.unfold(draft));
    SaeWriter writer = new SaeWriter(draft.finish(), wanted, all);
    writer.metadata.putAll(metadata);
    writer.stats = stats;
    writer.labels = labels;
    return writer;
  }

  private static void requireSameWidths(Convention convention, int inputs, int outputs) {
    if (convention.inputBias() && inputs != outputs) {
      throw new IllegalArgumentException(
          "b_dec has %d values and cannot be taken off an input of %d".formatted(outputs, inputs));
    }
  }

  /**
   * States something about the SAE, such as {@code site}, {@code layer}, {@code model}, {@code l0};
   * it lands where the format has a place for it.
   */
  public SaeWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** What was stated under a key. */
  public Optional<String> stated(String key) {
    return Optional.ofNullable(metadata.get(key));
  }

  /** Statistics to lie beside it, in the units of the folded SAE. */
  public SaeWriter stats(SaeStats measured) {
    stats = Optional.of(measured);
    return this;
  }

  /** A file of labels to lie beside it. */
  public SaeWriter labels(Path file) {
    labels = Optional.of(file);
    return this;
  }

  /** What was done to the numbers, sentences for the user. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /**
   * Writes it into a folder, which is made where it does not exist; files of an earlier SAE of the
   * same format are replaced, and its statistics go.
   *
   * @return the file that holds the weights
   * @throws TapscopeException {@code sae-convention} when the format has no place for the
   *     convention, {@code file-unwritable}
   */
  public Path writeTo(Path folder, SaeFormat format) {
    if (!format.states(convention)) {
      throw TapscopeException.usage(
          "sae-convention",
          "The format %s has no place to say that its rows are scaled so, or a bias taken off them, and a reader would run the SAE wrongly. Write it folded, or as saelens with one scale."
              .formatted(format.word()));
    }
    makeFolder(folder);
    Path file =
        switch (format) {
          case GEMMA_SCOPE -> GemmaScopeFormat.write(this, folder);
          case SAELENS -> new SaeLensWriter(this).write(folder);
          case DICTIONARY_LEARNING -> DictionaryLearningFormat.write(this, folder);
        };
    // Those of an earlier SAE would be taken for this one's.
    if (stats.isEmpty() || format != SaeFormat.SAELENS) {
      delete(folder.resolve(SaeLensFormat.SPARSITY));
    }
    Path measured = folder.resolve(SaeStats.FILE);
    if (stats.filter(SaeStats::isWhole).isPresent()) {
      stats.get().of(Sha256.of(file)).write(measured);
    } else {
      delete(measured);
    }
    labels.ifPresent(l -> WholeFile.write(folder.resolve(Labels.FILE), out -> Files.copy(l, out)));
    return file;
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "%s belongs to an earlier SAE and cannot be taken away: %s. Give a folder that may be written to."
              .formatted(file, e.getMessage()),
          e);
    }
  }

  private static void makeFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "The folder %s cannot be made: %s. Give one whose parent may be written to."
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  /** The weights as they are written. */
  public SaeWeights weights() {
    return weights;
  }

  Convention convention() {
    return convention;
  }

  Map<String, String> stated() {
    return metadata;
  }

  Optional<SaeStats> stats() {
    return stats;
  }
}
