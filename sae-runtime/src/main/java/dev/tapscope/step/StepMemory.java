package dev.tapscope.step;

import dev.tapscope.cuda.Gpu;
import dev.tapscope.cuda.GpuTraining;
import dev.tapscope.cuda.TrainingSettings;

/**
 * What the steps of one SAE use again and again, beside its arrays.
 *
 * @param outside bytes outside the heap
 * @param lists bytes of the heap, for active features and those near their threshold, and for the
 *     panels that {@link Tile} reads from there
 * @param card bytes of a GPU's memory, its arrays there included
 */
public record StepMemory(long outside, long lists, long card) {
  /** Lists grow by a quarter more than they need. */
  private static final double SLACK = 1.25;

  /** Batches that wait to be copied to a GPU. */
  private static final long STAGES = 2;

  /** An entry of a list: its token or feature, and its preactivation. */
  private static final long ENTRY = Integer.BYTES + Float.BYTES;

  /**
   * Of {@link Steps#best}.
   *
   * @param rows of a batch
   * @param active share of all {@code rows x F} preactivations above their thresholds
   * @param kept share of those that are not below their thresholds' bands
   */
  public static StepMemory of(
      Dimensions dimensions, int rows, int threads, double active, double kept) {
    long inputs = dimensions.inputs();
    long outputs = dimensions.outputs();
    long packedRowsAndErrors = rows * (inputs + outputs);
    long panels = threads * Entries.BLOCK * inputs;
    long throughInputs = Math.ceilDiv(dimensions.features(), Entries.BLOCK) * inputs;
    long all = (long) rows * dimensions.features();
    boolean dense = Density.USUAL.dense((long) (kept * all), all);
    long outside = dense ? denseOutside(dimensions, rows, threads) : 0;
    long heap = dense ? denseHeap(dimensions, rows, threads) : 0;
    double entries = SLACK * (kept + active) * all;
    long filling = (long) threads * Entries.BLOCK * FusedEncoder.TOKENS;
    return new StepMemory(
        Float.BYTES * (packedRowsAndErrors + throughInputs + outside),
        (long) (ENTRY * (entries + filling)) + Float.BYTES * (panels + heap),
        0);
  }

  /**
   * Of {@link Steps#cuda}.
   *
   * @param gpu the card, whose libraries decide what products take
   * @param rows of a batch
   */
  public static StepMemory onCard(Gpu gpu, Dimensions dimensions, Method method, int rows) {
    int inputs = dimensions.inputs();
    int features = dimensions.features();
    int outputs = dimensions.outputs();
    long staged = (long) rows * (inputs + outputs);
    return new StepMemory(
        STAGES * Float.BYTES * staged,
        0,
        GpuTraining.bytes(
            gpu,
            inputs,
            features,
            outputs,
            rows,
            CudaSae.settings(method, TrainingSettings.USUAL_DENSITY)));
  }

  private static long denseOutside(Dimensions dimensions, int rows, int threads) {
    long inputs = dimensions.inputs();
    long outputs = dimensions.outputs();
    long decoder = DenseDecoder.FEATURES * outputs;
    long panels = rows * (inputs + 2 * outputs);
    long sums = threads * Entries.BLOCK * (inputs + outputs);
    return decoder + panels + sums;
  }

  private static long denseHeap(Dimensions dimensions, int rows, int threads) {
    long decoder = (long) DenseDecoder.FEATURES * rows;
    long sums = threads * Entries.BLOCK * (dimensions.outputs() + 3L * DenseSums.TOKENS);
    return decoder + sums;
  }
}
