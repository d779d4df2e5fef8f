package dev.tapscope.bench.step;

import dev.tapscope.step.Adam;
import dev.tapscope.step.Batch;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.Phase;
import dev.tapscope.step.Rates;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.Sparsity;
import dev.tapscope.step.StepReport;
import dev.tapscope.step.Steps;
import dev.tapscope.step.ThresholdForm;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures a training step by its phases, against what the machine can do at most. */
@Command(
    name = "sae-step",
    mixinStandardHelpOptions = true,
    header = {
      "What a step in training an SAE costs, phase by phase.",
      "",
      "  samples/bench/run sae-step",
      "  samples/bench/run sae-step --rows 1024 --threads 1 --rounds 20",
      ""
    })
public final class StepBench implements Callable<Integer> {
  /** So small that the SAE stays the same from round to round. */
  private static final Rates RATES = new Rates(1e-12, 1e-4);

  private static final int WARM_UP = 3;

  @Option(
      names = "--rows",
      split = ",",
      paramLabel = "N",
      defaultValue = "1024,4096",
      description = "Rows of a batch (${DEFAULT-VALUE}).")
  private List<Integer> rows;

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      defaultValue = "1,2",
      description = "Threads (${DEFAULT-VALUE}).")
  private List<Integer> threads;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "9",
      description = "Rounds of each size, of which the medians are shown (${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "2304",
      description = "Width of the rows (${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = "--features",
      paramLabel = "N",
      defaultValue = "16384",
      description = "Features (${DEFAULT-VALUE}).")
  private int features;

  @Option(
      names = "--l0",
      paramLabel = "N",
      defaultValue = "70",
      description = "Active features of a row (${DEFAULT-VALUE}).")
  private double l0;

  @Override
  public Integer call() {
    if (rounds < 1 || width < 1 || features < 1 || min(rows) < 1 || min(threads) < 1 || !(l0 > 0)) {
      System.err.println("bench: [usage] All numbers must be above 0.");
      return CommandLine.ExitCode.USAGE;
    }
    say(
        "d = %d, F = %d; milliseconds of processors, medians of %d rounds",
        width, features, rounds);
    for (int count : threads) {
      for (int size : rows) {
        measure(size, count);
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private static int min(List<Integer> numbers) {
    return Collections.min(numbers);
  }

  private void measure(int size, int count) {
    Dimensions dimensions = new Dimensions(width, features, width);
    Ceiling ceiling = new Ceiling(count);
    List<Double> ceilings = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Variant lazy = new Variant(dimensions, count, l0, true);
        Variant dense = new Variant(dimensions, count, l0, false)) {
      Batch batch = Synthetic.batch(arena, dimensions, size);
      List<Runnable> order = new ArrayList<>();
      order.add(() -> lazy.step(batch));
      order.add(() -> dense.step(batch));
      order.add(() -> ceilings.add(ceiling.measure()));
      Random random = new Random(1);
      for (int round = 0; round < WARM_UP + rounds; round++) {
        if (round == WARM_UP) {
          ceilings.clear();
          lazy.forget();
          dense.forget();
        }
        Collections.shuffle(order, random);
        order.forEach(Runnable::run);
      }
      print(size, count, median(ceilings), lazy, dense);
    }
  }

  private void print(int size, int count, double ceiling, Variant lazy, Variant dense) {
    double encode = lazy.encode();
    double rate = 2.0 * size * width * features / encode / 1e6;
    say("");
    say(
        "B = %d, %d thread%s: L0 %.1f, in band %.1f, loss %.4f",
        size, count, count == 1 ? "" : "s", lazy.last.l0(), lazy.last.inBand(), lazy.last.loss());
    say("  %-34s %8.1f GFLOP/s a core", "fused multiply-adds alone", ceiling);
    say(
        "  %-34s %8.1f GFLOP/s a core, %.3f of that",
        "encode, packing included", rate, rate / ceiling);
    for (Phase phase : Phase.values()) {
      String name = phase.name().toLowerCase(Locale.ROOT);
      say("  %-34s %8.1f ms", name, lazy.median(phase));
    }
    say("  %-34s %8.1f ms, %.3f of encode", "all but encode", lazy.rest(), lazy.rest() / encode);
    say("  %-34s %8.1f ms, %.3f ms a row", "step", lazy.step(), lazy.step() / size);
    say("  %-34s %8.1f ms on the wall", "", median(lazy.wall));
    say(
        "  %-34s %8.1f ms, backward %.1f instead of %.1f",
        "step, no row left alone",
        dense.step(),
        dense.median(Phase.BACKWARD),
        lazy.median(Phase.BACKWARD));
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  /** An SAE and what its steps have taken. */
  private static final class Variant implements AutoCloseable {
    private final PhaseTimes times = new PhaseTimes();
    private final SaeInTraining sae;
    private final Map<Phase, List<Double>> phases = new EnumMap<>(Phase.class);
    private final List<Double> wall = new ArrayList<>();
    private StepReport last;

    Variant(Dimensions dimensions, int threads, double l0, boolean lazy) {
      Method method =
          new Method(
              new Sparsity.L0(),
              0.001,
              true,
              false,
              ThresholdForm.DIRECT,
              true,
              Adam.GEMMA_SCOPE,
              OptionalDouble.empty());
      sae = Steps.measured(dimensions, method, threads, times, lazy);
      Synthetic.fill(sae, l0);
      forget();
    }

    void forget() {
      Arrays.stream(Phase.values()).forEach(phase -> phases.put(phase, new ArrayList<>()));
      wall.clear();
    }

    void step(Batch batch) {
      long began = System.nanoTime();
      last = sae.step(batch, RATES);
      wall.add((System.nanoTime() - began) / 1e6);
      Arrays.stream(Phase.values()).forEach(phase -> phases.get(phase).add(times.take(phase)));
    }

    double median(Phase phase) {
      return StepBench.median(phases.get(phase));
    }

    double encode() {
      return median(Phase.PACK) + median(Phase.ENCODE);
    }

    double rest() {
      return step() - encode();
    }

    double step() {
      return Arrays.stream(Phase.values()).mapToDouble(this::median).sum();
    }

    @Override
    public void close() {
      sae.close();
    }
  }
}
