package dev.tapscope.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.zip.CRC32C;

/** How fast steps are, how much memory they take, and that they are the same every time. */
final class CheckStep {
  /** Of Gemma Scope's training. */
  private static final double BANDWIDTH = 0.001;

  /** Small enough that an SAE stays as it is while its steps are timed. */
  private static final double LEARNING_RATE = 1e-7;

  private static final double COEFFICIENT = 1e-3;

  /** Of the loss curve, where it has to learn something. */
  private static final double CURVE_LEARNING_RATE = 2e-4;

  private static final long SEED = 11;

  private final Scale scale;
  private final Measures measures;
  private final Path work;

  /**
   * @param work where the loss curve's weights and rows are left for PyTorch
   */
  CheckStep(Scale scale, Measures measures, Path work) {
    this.scale = scale;
    this.measures = measures;
    this.work = work;
  }

  void measure() {
    for (int features : scale.features()) {
      for (Precision precision : Precision.values()) {
        measures.attempt("step " + precision + " F=" + features, () -> time(features, precision));
      }
    }
    measures.attempt("step F=" + scale.widest(), () -> time(scale.widest(), Precision.FAST));
    measures.attempt("dense steps", this::timeDense);
    measures.attempt("two runs", this::runTwice);
    measures.attempt("loss curve", this::curve);
  }

  private static TrainingSettings settings(Precision precision, double density) {
    return new TrainingSettings(
        new TrainingSettings.L0(),
        BANDWIDTH,
        false,
        true,
        false,
        true,
        0,
        0.999,
        1e-8,
        OptionalDouble.empty(),
        density,
        precision);
  }

  private void time(int features, Precision precision) {
    TrainingSettings settings = settings(precision, scale.density());
    String of = " F=%d %s".formatted(features, precision);
    Times times = time(features, settings, Gpu::products, of);
    measures.add(
        (precision == Precision.EXACT ? Names.STEP_EXACT : Names.STEP_FAST).of(features),
        times.milliseconds());
    if (precision == Precision.FAST) {
      measures.add(Names.STEP_HOST.of(features), times.host());
      measures.add(Names.STEP_LAUNCHES.of(features), times.launches());
      measures.add(Names.STEP_MEMORY.of(features), times.bytes() * 1e-9);
    }
  }

  /** What a training begins with, when half of all features are active. */
  private void timeDense() {
    int features = scale.features().getFirst();
    TrainingSettings settings = settings(Precision.FAST, TrainingSettings.ALWAYS_DENSE);
    Times own = time(features, settings, OwnProducts::new, " dense, own");
    measures.add("F=%d dense step by own kernels, ms".formatted(features), own.milliseconds());
    if (Cublas.probe() instanceof Cublas.Found) {
      Times library = time(features, settings, Gpu::products, " dense, cuBLAS");
      measures.add("F=%d dense step by cuBLAS, ms".formatted(features), library.milliseconds());
    }
  }

  /**
   * Of a step.
   *
   * @param milliseconds on the card
   * @param host microseconds of the host until everything is launched
   * @param bytes most memory of the card
   */
  private record Times(double milliseconds, double host, double launches, long bytes) {}

  /** On a GPU of its own, so that its peak is that of these steps. */
  private Times time(
      int features, TrainingSettings settings, Function<Gpu, Products> products, String of) {
    int inputs = scale.inputs();
    int rows = scale.rows();
    try (Arena arena = Arena.ofShared();
        Gpu gpu = Gpu.open();
        Timing timing = new Timing(gpu, scale.repeats());
        GpuTraining training =
            new GpuTraining(
                gpu,
                inputs,
                features,
                inputs,
                settings,
                () -> products.apply(gpu),
                GpuTraining.USUAL_CAPACITY,
                GpuTraining.USUAL_CHUNK)) {
      MemorySegment weights = Synthetic.units(arena, features, inputs, SEED);
      training.upload("W_enc", weights);
      training.upload("W_dec", weights);
      training.upload(
          "threshold",
          Synthetic.copy(arena, Synthetic.thresholds(features, inputs, scale.l0(), SEED + 1)));
      List<MemorySegment> batches = new ArrayList<>();
      for (int i = 0; i < Scale.SETS; i++) {
        batches.add(Synthetic.rows(arena, rows, inputs, SEED + 2 + i));
      }
      TrainingReport[] report = new TrainingReport[1];
      // Lists grow, and what is compiled late is compiled, before anything is timed.
      for (MemorySegment batch : batches) {
        report[0] = training.step(batch, batch, rows, LEARNING_RATE, COEFFICIENT);
      }
      List<Double> host = new ArrayList<>();
      List<Double> launches = new ArrayList<>();
      double ms =
          timing.median(
              set -> {
                MemorySegment batch = batches.get(Math.floorMod(set, Scale.SETS));
                training.stage(batch, batch, rows);
                timing.waitForAll();
              },
              _ -> {
                long launched = Kernel.launches();
                long begin = System.nanoTime();
                training.start(LEARNING_RATE, COEFFICIENT);
                host.add((System.nanoTime() - begin) * 1e-3);
                launches.add((double) (Kernel.launches() - launched));
              },
              _ -> report[0] = training.finish());
      measures.add("l0" + of, report[0].l0());
      measures.add("in band" + of, report[0].inBand());
      measures.say("dense" + of, Boolean.toString(report[0].dense()));
      stream(training, batches, of);
      if (settings.precision() == Precision.FAST) {
        measures.attempt("steps by graph" + of, () -> replay(gpu, training, batches, of));
      }
      return new Times(ms, median(host), median(launches), gpu.peakBytes());
    }
  }

  /** What the host would need if a step's launches were a graph. */
  private void replay(Gpu gpu, GpuTraining training, List<MemorySegment> batches, String of) {
    List<Double> host = new ArrayList<>();
    try (ReplayedSteps steps = new ReplayedSteps(gpu, 0)) {
      training.launchBy(steps);
      for (int i = 0; i < 2 + scale.repeats(); i++) {
        MemorySegment batch = batches.get(i % Scale.SETS);
        training.stage(batch, batch, scale.rows());
        long begin = System.nanoTime();
        training.start(LEARNING_RATE, COEFFICIENT);
        long end = System.nanoTime();
        training.finish();
        if (i >= 2) {
          host.add((end - begin) * 1e-3);
        }
      }
    } finally {
      training.launchBy(Runnable::run);
    }
    measures.add("step by graph, host, us" + of, median(host));
  }

  /** Steps one after the other as a training takes them, each batch copied beside the last step. */
  private void stream(GpuTraining training, List<MemorySegment> batches, String of) {
    int steps = scale.repeats();
    int rows = scale.rows();
    long begin = System.nanoTime();
    training.stage(batches.get(0), batches.get(0), rows);
    for (int i = 1; i <= steps; i++) {
      MemorySegment next = batches.get(i % Scale.SETS);
      training.start(LEARNING_RATE, COEFFICIENT);
      if (i < steps) {
        training.stage(next, next, rows);
      }
      training.finish();
    }
    measures.add(
        "step with its batch's copy, by the clock, ms" + of,
        (System.nanoTime() - begin) * 1e-6 / steps);
  }

  private static double median(List<Double> values) {
    return Timing.median(values.stream().mapToDouble(value -> value).toArray());
  }

  /** An SAE that has something to learn, and batches that repeat. */
  private final class Learning {
    final int features = scale.features().getFirst();
    final MemorySegment weights;
    final MemorySegment threshold;
    final List<MemorySegment> batches = new ArrayList<>();

    Learning(Arena arena) {
      int inputs = scale.inputs();
      MemorySegment directions = Synthetic.units(arena, features, inputs, SEED + 20);
      weights = Synthetic.units(arena, features, inputs, SEED + 21);
      threshold =
          Synthetic.copy(arena, Synthetic.thresholds(features, inputs, scale.l0(), SEED + 22));
      for (int i = 0; i < scale.curveBatches(); i++) {
        batches.add(
            Synthetic.sums(arena, scale.rows(), inputs, directions, features / 4, SEED + 30 + i));
      }
    }

    GpuTraining begin(Gpu gpu, Precision precision) {
      GpuTraining training =
          new GpuTraining(
              gpu, scale.inputs(), features, scale.inputs(), settings(precision, scale.density()));
      training.upload("W_enc", weights);
      training.upload("W_dec", weights);
      training.upload("threshold", threshold);
      return training;
    }

    TrainingReport step(GpuTraining training, int number) {
      MemorySegment batch = batches.get(number % batches.size());
      return training.step(batch, batch, scale.rows(), CURVE_LEARNING_RATE, COEFFICIENT);
    }
  }

  private void runTwice() {
    try (Arena arena = Arena.ofShared();
        Gpu gpu = Gpu.open()) {
      Learning learning = new Learning(arena);
      int different = 0;
      for (Precision precision : Precision.values()) {
        Map<String, Long> first = arraysAfter(gpu, learning, precision);
        Map<String, Long> second = arraysAfter(gpu, learning, precision);
        for (Map.Entry<String, Long> array : first.entrySet()) {
          if (!array.getValue().equals(second.get(array.getKey()))) {
            measures.fail(array.getKey() + " " + precision, "differs between two runs");
            different++;
          }
        }
      }
      measures.add(Names.DIFFERENT_ARRAYS.text(), different);
    }
  }

  private Map<String, Long> arraysAfter(Gpu gpu, Learning learning, Precision precision) {
    Map<String, Long> sums = new LinkedHashMap<>();
    try (GpuTraining training = learning.begin(gpu, precision)) {
      for (int i = 0; i < Math.min(20, scale.curveSteps()); i++) {
        learning.step(training, i);
      }
      for (GpuTraining.Array array : training.arrays()) {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment bytes = arena.allocate(array.bytes(), 64);
          training.download(array.name(), bytes);
          CRC32C sum = new CRC32C();
          sum.update(bytes.asByteBuffer());
          sums.put(array.name(), sum.getValue());
        }
      }
    }
    return sums;
  }

  /** Ours; PyTorch goes on from the files, and compares (baseline.py). */
  private void curve() throws IOException {
    try (Arena arena = Arena.ofShared();
        Gpu gpu = Gpu.open()) {
      Learning learning = new Learning(arena);
      StringBuilder losses = new StringBuilder();
      try (GpuTraining training = learning.begin(gpu, Precision.EXACT)) {
        for (int i = 0; i < scale.curveSteps(); i++) {
          TrainingReport report = learning.step(training, i);
          losses.append(String.format(Locale.ROOT, "%.9g\t%.9g%n", report.loss(), report.l0()));
          if (i == 0 || i == scale.curveSteps() - 1) {
            measures.add("loss of step " + (i + 1), report.loss());
            measures.add("l0 of step " + (i + 1), report.l0());
          }
        }
      }
      Path folder = Files.createDirectories(work.resolve("curve"));
      Files.writeString(folder.resolve("losses.tsv"), losses);
      write(folder.resolve("weights.bin"), learning.weights);
      write(folder.resolve("threshold.bin"), learning.threshold);
      for (int i = 0; i < learning.batches.size(); i++) {
        write(folder.resolve("batch-%d.bin".formatted(i)), learning.batches.get(i));
      }
      String shape =
          String.format(
              Locale.ROOT,
              "%d %d %d %d %d %s %s %s%n",
              scale.inputs(),
              learning.features,
              scale.rows(),
              scale.curveSteps(),
              learning.batches.size(),
              BANDWIDTH,
              CURVE_LEARNING_RATE,
              COEFFICIENT);
      Files.writeString(folder.resolve("shape.txt"), shape);
    }
  }

  private static void write(Path file, MemorySegment floats) {
    int piece = 1 << 28;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; at < floats.byteSize(); at += piece) {
        long bytes = Math.min(piece, floats.byteSize() - at);
        var buffer = floats.asSlice(at, bytes).asByteBuffer();
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
