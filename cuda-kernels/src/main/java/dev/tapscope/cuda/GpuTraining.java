package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
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

  /** That a card is assumed to run at a time, for the memory of the encoder's ranges. */
  private static final int BLOCKS_OF_A_CARD = 264;

  /** Candidates of a row and range that there is room for in any case. */
  private static final int LEAST_OF_A_RANGE = 64;

  /** Steps between two looks at what the encoder has learned. */
  private static final int LEARNING = 64;

  private final Gpu gpu;
  private final int inputs;
  private final int features;
  private final int outputs;
  private final TrainingSettings settings;
  private final Holdings holdings;
  private final TrainingState state;
  private final StepArrays arrays;
  private final StepLaunches launches;
  private final Encoder encoder;
  private final SparseSteps sparseSteps;
  private final DenseSteps denseSteps;
  private final StagedBatches batches;
  private final Kernel decoderLengths;
  private final Kernel thresholdsOfLogarithms;
  private long steps;
  private boolean derivedAreOld;
  private boolean dense;
  private long stepsHere;
  private long repetitions;
  private Running running;
  private Executor launching = Runnable::run;

  /** Set while parameters move: whoever leaves by an exception then leaves them half-way. */
  private boolean halfWay;

  /** A step that has been started. */
  private record Running(
      StagedBatches.Slot batch, double learningRate, double sparsity, RowWork work) {}

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
    this.settings = settings;
    holdings = new Holdings(gpu);
    try {
      state = new TrainingState(holdings, inputs, features, outputs, settings);
      arrays = new StepArrays(holdings, inputs, features, outputs, settings);
      launches = new StepLaunches(gpu, holdings, settings, state, arrays);
      encoder = new Encoder(gpu, inputs, features, settings.precision());
      holdings.hold(encoder::close);
      gpu.screening().ifPresent(encoder::through);
      sparseSteps =
          new SparseSteps(gpu, holdings, settings, state, arrays, launches, encoder, capacity);
      Products dense = products.get();
      holdings.hold(dense::close);
      denseSteps =
          new DenseSteps(
              gpu, holdings, settings, state, arrays, launches, encoder, dense, entriesOfAChunk);
      batches = new StagedBatches(gpu, holdings, inputs, outputs);
      decoderLengths = gpu.kernel("gradients", "decoder_lengths");
      thresholdsOfLogarithms = gpu.kernel("vectors", "thresholds_of_logarithms");
    } catch (RuntimeException e) {
      holdings.close();
      throw e;
    }
    derivedAreOld = true;
  }

  /**
   * Bytes of the GPU's memory that steps of so many rows take: dense ones, since most trainings
   * begin so, and lists of as many pairs as a step has at most before it is a dense one.
   */
  public static long bytes(
      int inputs, int features, int outputs, int rows, TrainingSettings settings) {
    long pairs = Math.round(Math.min(1, settings.density()) * features);
    long capacity = Math.max(Math.min(features, USUAL_CAPACITY), pairs);
    return TrainingState.bytes(inputs, features, outputs, settings)
        + StepArrays.bytes(inputs, features, outputs, rows, settings)
        + Shadow.bytes(features, inputs)
        + encoderBytes(inputs, features, rows, capacity, settings)
        + SparseSteps.bytes(inputs, features, outputs, rows, capacity)
        + DenseSteps.bytes(inputs, features, outputs, rows, settings, USUAL_CHUNK)
        + StagedBatches.bytes(inputs, outputs, rows);
  }

  /** What the encoder takes for a batch: rows in both forms, and candidates for lists. */
  private static long encoderBytes(
      int inputs, int features, int rows, long capacity, TrainingSettings settings) {
    long centred = settings.preBias() ? (long) rows * inputs * Float.BYTES : 0;
    long entry = settings.precision() == Precision.FAST ? 2 * Integer.BYTES : Integer.BYTES;
    int most = Math.min(Ranges.MOST, Math.ceilDiv(features, Ranges.TILE));
    int ranges = Math.clamp(BLOCKS_OF_A_CARD / Math.ceilDiv(rows, Ranges.TILE), 1, most);
    long candidates = rows * (2 * capacity + (long) LEAST_OF_A_RANGE * ranges);
    return Shadow.bytes(rows, inputs) + centred + candidates * entry;
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
    derivedAreOld = true;
  }

  /** Copies an array to memory of its size. */
  public void download(String name, MemorySegment to) {
    requireArray(name, to);
    requireNoStep();
    if (name.equals("steps")) {
      to.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, steps);
      return;
    }
    copy(state.named(name), to);
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
    if (halfWay && running == null) {
      throw new GpuException(
          "A step has failed when it had changed a part of the parameters; go on from the last"
              + " checkpoint, in a new process.");
    }
    if (running != null) {
      throw new IllegalStateException("a step has been started and not been finished");
    }
  }

  /** Copies from the card after everything that was launched. */
  private void copy(DeviceArray from, MemorySegment to) {
    gpu.synchronize();
    if (to.isNative()) {
      from.download(to);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment outside = arena.allocate(to.byteSize());
        from.download(outside);
        to.copyFrom(outside);
      }
    }
  }

  private float[] floats(DeviceArray from, long count) {
    float[] values = new float[Math.toIntExact(count)];
    copy(from, MemorySegment.ofArray(values));
    return values;
  }

  private double[] doubles(DeviceArray from, long count) {
    double[] values = new double[Math.toIntExact(count)];
    copy(from, MemorySegment.ofArray(values));
    return values;
  }

  private int[] ints(DeviceArray from, long count) {
    int[] values = new int[Math.toIntExact(count)];
    copy(from, MemorySegment.ofArray(values));
    return values;
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
    Running step = new Running(batches.next(), learningRate, sparsity, work);
    try {
      launch(step, false);
    } catch (RuntimeException e) {
      batches.done(step.batch());
      throw e;
    }
    running = step;
  }

  /** Waits for the step that was started; throws what {@link #step} throws. */
  public TrainingReport finish() {
    if (running == null) {
      throw new IllegalStateException("no step has been started");
    }
    Running step = running;
    running = null;
    try {
      StepResult result = settle(step);
      steps++;
      return report(result, step);
    } finally {
      batches.done(step.batch());
    }
  }

  /** Goes on until the step has been taken in the way that is its batch's. */
  private StepResult settle(Running step) {
    while (true) {
      StepResult result = launches.result();
      if (result.has(StepResult.OVERFLOW) || isTimeToLearn()) {
        encoder.settle();
      }
      halfWay = false;
      if (result.has(StepResult.NOT_FINITE)) {
        throw new ArithmeticException("A row of the batch holds a value that is not finite.");
      }
      boolean decided = false;
      if (result.has(StepResult.OVERFLOW)) {
        decided = result.kept() >= least(step.batch().rows());
        dense = decided;
        sparseSteps.expect(decided ? 0 : result.longest());
      } else if (result.has(StepResult.MODE)) {
        // What a dense step counts may be off by entries near their gates, and then only tells
        // that the lists have to: their count is exact.
        decided = !dense;
        dense = !dense;
      } else if (result.has(StepResult.LOSS)) {
        throw new ArithmeticException("The loss of the batch is " + loss(result, step) + ".");
      } else if (result.has(StepResult.GRADIENT)) {
        throw new ArithmeticException("The gradient of the batch is not finite.");
      } else {
        return result;
      }
      repetitions++;
      launch(step, decided);
    }
  }

  /** Has the launches of each step started by somebody else, who may record and replay them. */
  void launchBy(Executor executor) {
    launching = executor;
  }

  /** How often a step was taken again because of its way or the room for its lists. */
  long repetitions() {
    return repetitions;
  }

  /** Whether to look at what the encoder's screen needs: often at first, then now and then. */
  private boolean isTimeToLearn() {
    stepsHere++;
    return Long.bitCount(stepsHere) == 1 || stepsHere % LEARNING == 0;
  }

  private double least(int rows) {
    return settings.density() * ((double) rows * features);
  }

  /**
   * @param decided whether the batch is known to be one for a dense step
   */
  private void launch(Running step, boolean decided) {
    StagedBatches.Slot batch = step.batch();
    int rows = batch.rows();
    double least = least(rows);
    if (least == 0) {
      dense = true;
    }
    boolean surely = decided || least == 0;
    makeRoom(rows);
    deriveWhatIsOld();
    StepValues.write(
        launches.told(),
        settings,
        steps + 1,
        step.sparsity() / rows,
        step.learningRate(),
        dense && surely ? Double.NEGATIVE_INFINITY : least);
    launching.execute(() -> launch(step));
  }

  /** All that a step launches: no decision of the host lies between, so that it can be replayed. */
  private void launch(Running step) {
    StagedBatches.Slot batch = step.batch();
    int rows = batch.rows();
    launches.begin();
    if (dense) {
      denseSteps.forward(batch.x(), batch.y(), rows, DenseSteps.Watcher.NONE);
      denseSteps.sums(rows);
    } else {
      sparseSteps.forward(batch.x(), batch.y(), rows);
      sparseSteps.sums(rows);
      sparseSteps.pieces(batch.x(), rows);
    }
    boolean moving = step.work() instanceof RowWork.Move;
    if (moving && settings.clip().isPresent()) {
      rows(batch, new RowWork.Norm());
      launches.clip(rows);
    }
    halfWay = moving;
    rows(batch, step.work());
    if (moving) {
      launches.moveVectors(rows);
    }
    launches.end();
  }

  private void rows(StagedBatches.Slot batch, RowWork work) {
    if (dense) {
      denseSteps.rows(batch.x(), batch.rows(), work);
    } else {
      sparseSteps.rows(batch.x(), work);
    }
  }

  private void makeRoom(int rows) {
    arrays.makeRoom(rows);
    if (dense) {
      denseSteps.makeRoom(rows);
    } else {
      sparseSteps.makeRoom(rows);
    }
  }

  /** Makes what follows from the arrays and was not made by the last step. */
  private void deriveWhatIsOld() {
    if (!derivedAreOld) {
      return;
    }
    encoder.shadow(state.encoder().values());
    if (settings.ofLengths()) {
      decoderLengths.launch(
          gpu.stream(),
          Grid.of(features),
          StepLaunches.rowThreads(Math.max(inputs, outputs)),
          0,
          state.decoder().values(),
          outputs,
          arrays.decoderLength());
    }
    if (settings.logThreshold()) {
      thresholdsOfLogarithms.launch(
          gpu.stream(),
          Grid.covering(features, StepArrays.VECTOR_THREADS),
          StepArrays.VECTOR_THREADS,
          0,
          state.trainedThreshold().values(),
          features,
          state.threshold());
    }
    derivedAreOld = false;
  }

  private static double reconstruction(StepResult result, Running step) {
    return result.squares() / step.batch().rows();
  }

  private static double loss(StepResult result, Running step) {
    double weight = step.sparsity() / step.batch().rows();
    return reconstruction(result, step) + weight * result.penalties();
  }

  private TrainingReport report(StepResult result, Running step) {
    double rows = step.batch().rows();
    double shares = result.penaltyShare() + result.errorShare();
    return new TrainingReport(
        loss(result, step),
        reconstruction(result, step),
        result.penalties() / rows,
        result.active() / rows,
        result.inBand() / rows,
        result.movement() / features,
        shares == 0 ? 0 : result.penaltyShare() / shares,
        settings.clip().isPresent() ? result.norm() : Double.NaN,
        dense);
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
      launches.begin();
      if (dense) {
        denseSteps.forward(
            batch.x(),
            TrainingState.NULL,
            rows,
            (first, count, chunkZ, chunkF) -> {
              float[] someZ = floats(chunkZ, (long) rows * count);
              float[] someF = floats(chunkF, (long) rows * count);
              for (int row = 0; row < rows; row++) {
                System.arraycopy(someZ, row * count, z, row * features + first, count);
                System.arraycopy(someF, row * count, f, row * features + first, count);
              }
            });
      } else {
        sparseSteps.forward(batch.x(), TrainingState.NULL, rows);
        spread(rows, z, f);
      }
      return new Activations(z, f, floats(arrays.errors(), (long) rows * outputs));
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
    Pairs pairs = sparseSteps.pairs();
    float[] thresholds = floats(state.threshold(), features);
    int[] counts = ints(pairs.counts(), rows);
    int[] own = ints(pairs.features(), (long) rows * pairs.capacity());
    float[] values = floats(pairs.z(), (long) rows * pairs.capacity());
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < counts[row]; i++) {
        int pair = row * pairs.capacity() + i;
        z[row * features + own[pair]] = values[pair];
        if (!(values[pair] <= thresholds[own[pair]])) {
          f[row * features + own[pair]] = values[pair];
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
      Running step = running;
      running = null;
      try {
        settle(step);
        launches.writeDecoderBiasGradient(rows, decoderBias);
        return new Gradients(
            floats(write.encoder(), encoderSize),
            floats(arrays.biasGradient(), features),
            floats(write.decoder(), decoderSize),
            floats(write.projected(), decoderSize),
            floats(decoderBias, outputs),
            doubles(arrays.thresholdByErrors(), features),
            doubles(arrays.thresholdByPenalty(), features));
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
