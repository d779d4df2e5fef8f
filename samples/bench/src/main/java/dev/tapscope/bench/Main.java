package dev.tapscope.bench;

import dev.tapscope.bench.step.StepBench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** Measures what taps cost, in one process, all variants against each other. */
@Command(
    name = "bench",
    subcommands = {StepBench.class, HarvestBench.class},
    mixinStandardHelpOptions = true,
    header = {
      "What taps cost: woven but off, a no-op hook, capture, steering.",
      "",
      "  samples/bench/run",
      "  samples/bench/run --rounds 1000 --workloads fires,rows-2b --json bench.json",
      ""
    })
public final class Main implements Callable<Integer> {
  private static final long MEBIBYTE = 1 << 20;

  @Option(
      names = "--workloads",
      split = ",",
      paramLabel = "NAME",
      description = "Which to measure; all by default.")
  private List<String> names = Workloads.NAMES;

  @Option(
      names = "--variants",
      split = ",",
      paramLabel = "NAME",
      description =
          "Which to compare with the unwoven model, of ${COMPLETION-CANDIDATES}; all by default.")
  private Set<Variant> variants = EnumSet.allOf(Variant.class);

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "300",
      description = "Rounds of each workload (${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--shard-mb",
      paramLabel = "N",
      defaultValue = "64",
      description = "Mebibytes kept before they are written to disk (${DEFAULT-VALUE}).")
  private long shardMebibytes;

  @Option(
      names = "--clock",
      paramLabel = "wall|cpu",
      defaultValue = "wall",
      description =
          "Time of the wall, or of the measuring thread on a processor, for a machine that is busy"
              + " with other things (${DEFAULT-VALUE}).")
  private Clock clock;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there too.")
  private Optional<Path> json = Optional.empty();

  private Main() {}

  public static void main(String[] args) {
    System.exit(
        new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true).execute(args));
  }

  @Override
  public Integer call() throws IOException, ReflectiveOperationException {
    if (!Workloads.NAMES.containsAll(names) || rounds < 1 || shardMebibytes < 1) {
      System.err.println(
          "bench: [usage] --rounds and --shard-mb are at least 1, and the workloads are "
              + String.join(", ", Workloads.NAMES)
              + ".");
      return CommandLine.ExitCode.USAGE;
    }
    Path memory = Path.of("/dev/shm"); // so that no disk is measured, where there is one
    Path temporary =
        Files.isWritable(memory)
            ? Files.createTempDirectory(memory, "tapscope-bench")
            : Files.createTempDirectory("tapscope-bench");
    try {
      measure(temporary);
    } finally {
      delete(temporary);
    }
    return CommandLine.ExitCode.OK;
  }

  private void measure(Path temporary) throws IOException, ReflectiveOperationException {
    Tapping tapping = new Tapping();
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("java", System.getProperty("java.vm.version"));
    document.put("processors", Runtime.getRuntime().availableProcessors());
    document.put("rounds", rounds);
    document.put("clock", clock.name().toLowerCase(Locale.ROOT));
    for (String name : names) {
      Result result = measure(name, tapping, temporary);
      Table.print(result);
      document.put(name, Table.describe(result));
    }
    if (json.isPresent()) {
      String text = new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(document);
      Path draft = json.get().resolveSibling(json.get().getFileName() + ".tmp");
      Files.writeString(draft, text + "\n");
      Files.move(draft, json.get(), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private Result measure(String name, Tapping tapping, Path temporary)
      throws ReflectiveOperationException {
    long shardBytes = shardMebibytes * MEBIBYTE;
    Workload workload = new Workloads(temporary, shardBytes).named(name).only(variants);
    List<Subject> subjects = new ArrayList<>();
    try {
      for (Variant variant : workload.variants()) {
        subjects.add(Subject.of(workload, variant, tapping, temporary, shardBytes));
      }
      subjects.forEach(subject -> check(subject, workload));
      return new Result(workload, new Rounds(subjects, workload.bytes(), clock).run(rounds));
    } finally {
      subjects.forEach(Subject::close);
    }
  }

  /** A benchmark of taps that do not fire would look splendid. */
  private static void check(Subject subject, Workload workload) {
    subject.repeat();
    long expected = subject.expectedFires(workload);
    if (subject.fires() != expected) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s, %s: %d fires were expected and %d were seen.",
              workload.name(),
              subject.variant(),
              expected,
              subject.fires()));
    }
  }

  static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
