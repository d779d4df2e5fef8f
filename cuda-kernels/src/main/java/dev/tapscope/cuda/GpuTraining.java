package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * A JumpReLU SAE or transcoder in training on the GPU:
 *
 * <pre>{@code
 * z = (x - b_dec) @ W_enc + b_enc;  f = z where z > threshold, else 0;  xhat = f @ W_dec + b_dec
 * loss = mean over rows of ||y - xhat||^2 + coefficient * penalty
 * }</pre>
 *
 * <p>Made with all arrays zero. Used by one thread at a time. The bits of its arrays depend on the
 * arrays and the batches alone.
 *
 * <p>A step is sparse, by lists of what is active or in its band, or dense, by products of whole
 * matrices. Which of them depends on the exact number of entries; since that is known only when the
 * lists have been made, the way of the last step is tried first. Where it was the wrong one, or a
 * list was too long for its room, nothing has been changed, and the step is taken again.
 */
public final class GpuTraining implements AutoCloseable {
  /** Types of elements. */
  public enum Element {
    F32,
    I64
  }

  /**
   * An array that the next step depends on; row-major without gaps, native byte order.
   *
   * @param name {@code W_enc [F, d_in]}, {@code W_dec [F, d_out]}, {@code b_enc [F]}, {@code b_dec
   *     [d_out]}, {@code threshold [F]} (or {@code log_threshold}), Adam's moments as {@code
   *     v.NAME} and {@code m.NAME} (the latter where beta1 is not 0), {@code steps [1]}, {@code
   *     settled [F]}, {@code tokens_since_fired [F]}
   */
  public record Array(String name, Element element, List<Long> shape) {
    public Array {
      shape = List.copyOf(shape);
    }

    /** Size of all elements. */
    public long bytes() {
      long size = element == Element.F32 ? Float.BYTES : Long.BYTES;
      return shape.stream().reduce(size, Math::multiplyExact);
    }
  }

  /**
   * What the forward pass computes, for checking.
   *
   * @param z {@code [rows, F]}, preactivations; NaN where they lie too far below their threshold to
   *     matter and were not kept
   * @param f {@code [rows, F]}, features
   * @param xhat {@code [rows, d_out]}, reconstructions
   */
  public record Activations(float[] z, float[] f, float[] xhat) {}

  /**
   * The gradients of a batch's loss, before clipping, for checking.
   *
   * @param encoder {@code [F, d_in]}
   * @param encoderBias {@code [F]}
   * @param decoder {@code [F, d_out]}
   * @param projectedDecoder {@code decoder} without the part parallel to each row of {@code W_dec}
   *     where decoder rows are kept at unit length, else {@code decoder}
   * @param decoderBias {@code [d_out]}
   * @param thresholdReconstruction {@code [F]}, the reconstruction's part in the gradient of the
   *     threshold itself
   * @param thresholdPenalty {@code [F]}, the penalty's part
   */
  public record Gradients(
      float[] encoder,
      float[] encoderBias,
      float[] decoder,
      float[] projectedDecoder,
      float[] decoderBias,
      double[] thresholdReconstruction,
      double[] thresholdPenalty) {}

  static final int USUAL_CAPACITY = 256;
  static final long USUAL_CHUNK = 1L << 24;

  private final Gpu gpu;
  private final int inputs;
  private final int features;
  private final int outputs;
  private final Holdings holdings;
  private final TrainingState state;
  private final StepArrays arrays;
  private final Stepping stepping;
  private final StagedBatches batches;
  private long steps;
  private Optional<Stepping.Step> running = Optional.empty();

  /**
   * An SAE of zeros.
   *
   * @throws GpuMemoryException when the GPU has too little free memory
   */
  public GpuTraining(Gpu gpu, int inputs, int features, int outputs, TrainingSettings settings) {
    this(gpu, inputs, features, outputs, settings, gpu::products, USUAL_CAPACITY, USUAL_CHUNK);
  }

  /**
   * @param products for dense steps
   * @param capacity of a row's list at first
   * @param entriesOfAChunk of all rows in a dense step, about
   */
  GpuTraining(
      Gpu gpu,
      int inputs,
      int features,
      int outputs,
      TrainingSettings settings,
      Supplier<Products> products,
      int capacity,
      long entriesOfAChunk) {
    if (settings.preBias() && inputs != outputs) {
      throw new IllegalArgumentException(
          "b_dec can be taken off the input only where that is as wide as the output, but they are"
              + " %d and %d wide; train a transcoder without preBias.".formatted(inputs, outputs));
    }
    this.gpu = gpu;
    this.inputs = inputs;
    this.features = features;
    this.outputs = outputs;
    holdings = new Holdings(gpu);
    try {
      state = new TrainingState(holdings, inputs, features, outputs, settings);
      arrays = new StepArrays(holdings, inputs, features, outputs, settings);
      stepping =
          new Stepping(gpu, holdings, settings, state, arrays, products, capacity, entriesOfAChunk);
      batches = new StagedBatches(gpu, holdings, inputs, outputs);
    } catch (RuntimeException e) {
      holdings.close();
      throw e;
    }
  }

  /**
   * Bytes of the GPU's memory that steps of so many rows take: dense ones, since most trainings
   * begin so, and lists of as many pairs as a step has at most before it is a dense one.
   */
  public static long bytes(
      Gpu gpu, int inputs, int features, int outputs, int rows, TrainingSettings settings) {
    long pairs = Math.round(Math.min(1, settings.density()) * features);
    long capacity = Math.max(Math.min(features, USUAL_CAPACITY), pairs);
    return TrainingState.bytes(inputs, features, outputs, settings)
        + StepArrays.bytes(inputs, features, outputs, rows, settings)
        + Shadow.bytes(features, inputs)
        + Screen.bytes(inputs, features, rows, capacity, settings)
        + (gpu.screening().isPresent() ? Screen.bytesOfProducts(features, rows) : 0)
        + SparseSteps.bytes(inputs, features, outputs, rows, capacity)
        + DenseSteps.bytes(inputs, features, outputs, rows, settings, USUAL_CHUNK)
        + StagedBatches.bytes(inputs, outputs, rows);
  }

  /** Everything the next step depends on, in the order of {@code SaeInTraining.state()}. */
  public List<Array> arrays() {
    return state.arrays();
  }

  /** Fills an array from memory of its size. */
  public void upload(String name, MemorySegment from) {
    requireArray(name, from);
    requireNoStep();
    if (name.equals("steps")) {
      steps = from.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      return;
    }
    gpu.synchronize();
    if (from.isNative()) {
      state.named(name).upload(from);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        state.named(name).upload(arena.allocate(from.byteSize()).copyFrom(from));
      }
    }
    stepping.arraysHaveChanged();
  }

  /** Copies an array to memory of its size. */
  public void download(String name, MemorySegment to) {
    requireArray(name, to);
    requireNoStep();
    if (name.equals("steps")) {
      to.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, steps);
      return;
    }
    state.named(name).copyTo(to);
  }

  private void requireArray(String name, MemorySegment values) {
    Array array =
        state.arrays().stream()
            .filter(one -> one.name().equals(name))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("there is no array " + name));
    if (values.byteSize() != array.bytes()) {
      throw new IllegalArgumentException(
          "%s has %d bytes, not %d".formatted(name, array.bytes(), values.byteSize()));
    }
  }

  private void requireNoStep() {
    if (stepping.isHalfWay() && running.isEmpty()) {
      throw new GpuException(
          "A step has failed when it had changed a part of the parameters; go on from the last"
              + " checkpoint, in a new process.");
    }
    if (running.isPresent()) {
      throw new IllegalStateException("a step has been started and not been finished");
    }
  }

  /**
   * Takes one step: {@link #stage}, {@link #start}, {@link #finish}.
   *
   * @throws ArithmeticException when a value of the batch or the loss is not finite; the arrays are
   *     then as they were before
   * @throws GpuMemoryException when the GPU has too little free memory; likewise
   */
  public TrainingReport step(
      MemorySegment x, MemorySegment y, int rows, double learningRate, double sparsity) {
    requireNoStep();
    stage(x, y, rows);
    start(learningRate, sparsity);
    return finish();
  }

  /**
   * Copies a batch, and starts to bring it to the GPU. Another may be staged between {@link #start}
   * and {@link #finish} of a step; its copy then goes on beside the step.
   *
   * @param x {@code [rows, d_in]} floats
   * @param y {@code [rows, d_out]} floats; {@code x} itself for an SAE
   */
  public void stage(MemorySegment x, MemorySegment y, int rows) {
    batches.stage(x, y, rows);
  }

  /** Launches a step on the batch that was staged first. */
  public void start(double learningRate, double sparsity) {
    start(learningRate, sparsity, new RowWork.Move());
  }

  private void start(double learningRate, double sparsity, RowWork work) {
    requireNoStep();
    gpu.makeCurrent();
    Stepping.Step step = new Stepping.Step(batches.next(), steps + 1, learningRate, sparsity, work);
    try {
      stepping.launch(step);
    } catch (RuntimeException e) {
      batches.done(step.batch());
      throw e;
    }
    running = Optional.of(step);
  }

  /** Waits for the step that was started; throws what {@link #step} throws. */
  public TrainingReport finish() {
    Stepping.Step step = started();
    try {
      StepResult result = stepping.settle(step);
      steps++;
      return stepping.report(result, step);
    } finally {
      batches.done(step.batch());
    }
  }

  private Stepping.Step started() {
    Stepping.Step step =
        running.orElseThrow(() -> new IllegalStateException("no step has been started"));
    running = Optional.empty();
    return step;
  }

  /** How often a step was taken again because of its way or the room for its lists. */
  long repetitions() {
    return stepping.repetitions();
  }

  /** Has the launches of each step started by somebody else, who may record and replay them. */
  void launchBy(Executor executor) {
    stepping.launchBy(executor);
  }

  /** What the forward pass computes, for checking: in the way that a step would take. */
  public Activations activations(MemorySegment x, int rows) {
    requireNoStep();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment zeros = arena.allocate((long) rows * outputs * Float.BYTES);
      // Decides the way, and makes the lists as long as they have to be; moves nothing.
      gradients(x, zeros, rows, 0);
    }
    float[] z = new float[Math.multiplyExact(rows, features)];
    float[] f = new float[z.length];
    Arrays.fill(z, Float.NaN);
    stage(x, dummy(rows), rows);
    StagedBatches.Slot batch = batches.next();
    try {
      stepping.launches().begin();
      if (stepping.isDense()) {
        stepping
            .dense()
            .forward(
                batch.x(),
                TrainingState.NULL,
                rows,
                (first, count, chunkZ, chunkF) -> {
                  float[] someZ = chunkZ.floats((long) rows * count);
                  float[] someF = chunkF.floats((long) rows * count);
                  for (int row = 0; row < rows; row++) {
                    System.arraycopy(someZ, row * count, z, row * features + first, count);
                    System.arraycopy(someF, row * count, f, row * features + first, count);
                  }
                });
      } else {
        stepping.sparse().forward(batch.x(), TrainingState.NULL, rows);
        spread(rows, z, f);
      }
      return new Activations(z, f, arrays.errors().floats((long) rows * outputs));
    } finally {
      gpu.synchronize();
      batches.done(batch);
    }
  }

  private MemorySegment dummy(int rows) {
    return MemorySegment.ofArray(new float[Math.multiplyExact(rows, outputs)]);
  }

  /** Puts the lists of a batch where they belong. */
  private void spread(int rows, float[] z, float[] f) {
    float[] thresholds = state.threshold().floats(features);
    ActiveLists lists = stepping.sparse().download(rows);
    for (int row = 0; row < rows; row++) {
      for (int i = lists.starts()[row]; i < lists.starts()[row + 1]; i++) {
        int feature = lists.features()[i];
        float value = lists.values()[i];
        z[row * features + feature] = value;
        if (!(value <= thresholds[feature])) {
          f[row * features + feature] = value;
        }
      }
    }
  }

  /**
   * The gradients of the loss with that coefficient of the penalty, for checking.
   *
   * @throws ArithmeticException as {@link #step}
   */
  public Gradients gradients(MemorySegment x, MemorySegment y, int rows, double sparsity) {
    requireNoStep();
    try (Holdings own = new Holdings(gpu)) {
      long encoderSize = (long) features * inputs;
      long decoderSize = (long) features * outputs;
      RowWork.Write write =
          new RowWork.Write(
              own.zeros("gradients of W_enc", StepArrays.ints(encoderSize)),
              own.zeros("gradients of W_dec", StepArrays.ints(decoderSize)),
              own.zeros("gradients of W_dec", StepArrays.ints(decoderSize)));
      DeviceArray decoderBias = own.take("gradients of b_dec", StepArrays.ints(outputs));
      stage(x, y, rows);
      start(0, sparsity, write);
      Stepping.Step step = started();
      try {
        stepping.settle(step);
        stepping.launches().writeDecoderBiasGradient(rows, decoderBias);
        return new Gradients(
            write.encoder().floats(encoderSize),
            arrays.biasGradient().floats(features),
            write.decoder().floats(decoderSize),
            write.projected().floats(decoderSize),
            decoderBias.floats(outputs),
            arrays.thresholdByErrors().doubles(features),
            arrays.thresholdByPenalty().doubles(features));
      } finally {
        batches.done(step.batch());
      }
    }
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    gpu.makeCurrent();
    holdings.close();
  }
}
