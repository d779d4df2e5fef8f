package gemma2.bench;

import gemma2.io.Checkpoint;
import gemma2.io.InputException;
import gemma2.io.Tensor;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.Gemma2;
import gemma2.model.ModelLoader;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * A model to be measured.
 *
 * @param work what its passes must read and multiply
 * @param bytes of all tensors of its checkpoint
 * @param loadSeconds to load it, with the search for NaN, from files that are in memory already
 * @param uncheckedLoadSeconds to load it without
 */
public record Subject(
    Gemma2 model, Work work, long bytes, double loadSeconds, double uncheckedLoadSeconds) {

  /**
   * Loads the model twice, first without the search for NaN, then with it.
   *
   * @param layers how many blocks to run; all where empty
   */
  public static Subject load(Path folder, OptionalInt layers, Kernels kernels, Workers workers) {
    long started = System.nanoTime();
    load(folder, layers, kernels, workers, new ModelLoader.Options(false, false));
    long loaded = System.nanoTime();
    Loaded whole = load(folder, layers, kernels, workers, new ModelLoader.Options(true, false));
    long checked = System.nanoTime();
    return new Subject(
        whole.model(),
        Work.of(whole.model().config(), whole.checkpoint()),
        whole.checkpoint().tensors().stream()
            .map(Tensor::data)
            .mapToLong(data -> data.byteSize())
            .sum(),
        (checked - loaded) / 1e9,
        (loaded - started) / 1e9);
  }

  private record Loaded(Gemma2 model, Checkpoint checkpoint) {}

  private static Loaded load(
      Path folder,
      OptionalInt layers,
      Kernels kernels,
      Workers workers,
      ModelLoader.Options options) {
    Config whole = Config.read(folder);
    Config config = layers.isPresent() ? whole.withLayers(layers.getAsInt()) : whole;
    Checkpoint checkpoint = Checkpoint.open(folder);
    return new Loaded(ModelLoader.load(config, checkpoint, kernels, workers, options), checkpoint);
  }

  /** Tokens drawn from the vocabulary, BOS first. */
  int[] randomTokens(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] tokens = random.ints(count, 0, model.config().vocabSize()).toArray();
    tokens[0] = model.config().bos();
    return tokens;
  }

  /** Says so when what was computed is not a number, as its timing would mean nothing then. */
  static void checkFinite(float[] logits) {
    for (float logit : logits) {
      if (!Float.isFinite(logit)) {
        throw new InputException(
            "bench-nonfinite",
            "The model's logits hold a NaN or an infinity, so its speed means nothing. Take a"
                + " checkpoint whose numbers do not overflow.");
      }
    }
  }
}
