package dev.tapscope.train;

import dev.tapscope.kernel.CudaKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.StepMemory;
import dev.tapscope.tap.TapscopeException;

/**
 * What a training takes at its peak, told before it begins: resident memory of the whole process.
 *
 * @param arrays bytes of parameters and of Adam's moments
 * @param rows bytes of rows: shuffled together, and batches
 * @param step bytes outside the heap that steps use again and again
 * @param lists bytes of the heap for active features and those near their threshold, and for panels
 * @param writing bytes of the copy of an SAE that is written at the end, or has dead features
 *     resampled
 * @param card what it takes of a GPU's memory
 */
public record TrainingMemory(
    long arrays, long rows, long step, long lists, long writing, Card card) {
  /** Of nothing. */
  public static final TrainingMemory NONE = new TrainingMemory(0, 0, 0, 0, 0, Card.NONE);

  /**
   * Bytes of a GPU's memory.
   *
   * @param steps arrays, and what steps take
   * @param running a copy of an SAE that is run beside: for its statistics, or to have dead
   *     features resampled
   */
  public record Card(long steps, long running) {
    static final Card NONE = new Card(0, 0);

    private static Card of(int inputs, int features, int outputs, StepMemory step) {
      return step.card() == 0
          ? NONE
          : new Card(step.card(), CudaKernels.bytes(inputs, features, outputs));
    }

    private Card and(Card other) {
      return new Card(steps + other.steps, Math.max(running, other.running));
    }

    /** All of it. */
    public long total() {
      return steps + running;
    }
  }

  /**
   * What a JVM takes for itself, with the flags that {@code bin/tapscope} gives it: its libraries
   * and classes, the code it has compiled and what compiling took, the young generation. Measured.
   */
  private static final long JVM = 150L << 20;

  /**
   * Of the heap's old generation, what a full collection leaves free ({@code MinHeapFreeRatio}).
   */
  private static final double FREE = 0.05;

  private static final long FLOAT = 4;

  /**
   * Of one SAE. One that is trained on a GPU has a copy of its arrays here, too.
   *
   * @param step what its steps take
   */
  public static TrainingMemory of(Recipe recipe, int inputs, int outputs, StepMemory step) {
    long features = recipe.width();
    long parameters = features * (inputs + outputs + 2) + outputs;
    long numbers = recipe.method().adam().beta1() == 0 ? 2 : 3;
    long arrays = numbers * FLOAT * parameters + 8 * (2 * features + 1);
    return new TrainingMemory(
        arrays,
        0,
        step.outside(),
        step.lists(),
        SaeWeights.bytes(inputs, recipe.width(), outputs),
        Card.of(inputs, recipe.width(), outputs, step));
  }

  /**
   * Of the rows of one site.
   *
   * @param buffer bytes that the source keeps
   */
  public static TrainingMemory ofRows(long buffer, int inputs, int outputs, int batch) {
    long width = inputs + (long) outputs;
    return new TrainingMemory(0, buffer + 2 * FLOAT * batch * width, 0, 0, 0, Card.NONE);
  }

  /** Of both. */
  public TrainingMemory and(TrainingMemory other) {
    return new TrainingMemory(
        arrays + other.arrays,
        rows + other.rows,
        step + other.step,
        lists + other.lists,
        Math.max(writing, other.writing),
        card.and(other.card));
  }

  /** All of it, the JVM's own included. */
  public long total() {
    return outside() + heap() + JVM;
  }

  private long heap() {
    return (long) (lists / (1 - FREE));
  }

  private long outside() {
    return arrays + rows + step + writing;
  }

  /**
   * @param direct bytes the JVM may take outside its heap
   * @param heap bytes it may take in it
   * @throws TapscopeException {@code memory}
   */
  public void check(long direct, long heap) {
    check("outside its heap", outside(), direct, "-XX:MaxDirectMemorySize=");
    check("in its heap", heap(), heap, "-Xmx");
  }

  private static void check(String where, long wanted, long there, String option) {
    if (wanted > there) {
      throw TapscopeException.failed(
          "memory",
          "Training needs about %,d MiB of Java's memory %s, and %,d MiB may be taken. Set JAVA_TOOL_OPTIONS=%s%dm, or train with a smaller width, buffer or batch."
              .formatted(wanted >> 20, where, there >> 20, option, (wanted >> 20) + 64));
    }
  }

  /** For the user, before training begins. */
  @Override
  public String toString() {
    return "about %,d MiB at the peak: arrays %,d, rows %,d, steps %,d, lists %,d at first, writing %,d, Java itself %,d%s"
        .formatted(
            total() >> 20,
            arrays >> 20,
            rows >> 20,
            step >> 20,
            heap() >> 20,
            writing >> 20,
            JVM >> 20,
            card.total() == 0
                ? ""
                : "; on the GPU %,d: steps %,d, running an SAE beside %,d"
                    .formatted(card.total() >> 20, card.steps() >> 20, card.running() >> 20));
  }
}
