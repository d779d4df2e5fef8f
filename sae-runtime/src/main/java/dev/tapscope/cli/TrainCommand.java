package dev.tapscope.cli;

import dev.tapscope.cuda.GpuException;
import dev.tapscope.cuda.Precision;
import dev.tapscope.device.Device;
import dev.tapscope.device.DeviceOption;
import dev.tapscope.io.WholeFile;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.sae.SaeFormat;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.sae.SaeWriter;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.train.Checkpoint;
import dev.tapscope.train.Plan;
import dev.tapscope.train.StepMetrics;
import dev.tapscope.train.Task;
import dev.tapscope.train.Trainer;
import dev.tapscope.train.Training;
import dev.tapscope.train.TrainingMemory;
import dev.tapscope.train.Word;
import dev.tapscope.train.Words;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope train}: SAEs from harvested activations, or from a model that runs meanwhile. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    header = {
      "Train JumpReLU SAEs and transcoders on activations, by Gemma Scope's recipe.",
      "",
      "  tapscope train --store acts --site res.3 --out trained --width 1024 --tokens 14e6 \\",
      "      --lr 1e-3 --lambda 2e-3 --bandwidth 0.03 --threshold 0.03",
      "  tapscope train --store acts --site res.3 --out trained --steps 7000 \\",
      "      --sae \"wide: width=4096 lambda=1e-3\" --sae \"sparse: width=1024 lambda=1e-2\"",
      "  tapscope train --store acts --out trained --recipe recipe.json",
      "  tapscope train --model MODEL --corpus texts.jsonl.gz --site res.3 --out trained --steps"
          + " 7000",
      "  tapscope train --profile demo.taps --corpus a.txt b.jsonl --site res.3 --out trained \\",
      "      --steps 7000 -- java -jar demo.jar --prompts {corpus}",
      "  tapscope train --resume trained",
      "",
      "Without --store the rows come from the model while it runs, and no disk has to hold them.",
      "Ctrl-C keeps a checkpoint. The SAEs are written as Gemma Scope's, OUT/NAME/params.npz.",
      ""
    })
final class TrainCommand implements Callable<Integer> {
  @Option(names = "--store", paramLabel = "DIR", description = "What harvest has written.")
  private Optional<Path> store = Optional.empty();

  @Mixin private ReadingFlags reading;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for checkpoint, metrics and SAEs.")
  private Optional<Path> out = Optional.empty();

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description = "Go on with the training in that folder, to the same bits.")
  private Optional<Path> resume = Optional.empty();

  @Option(
      names = "--recipe",
      paramLabel = "FILE",
      description = "JSON object of the words below; flags have the last word.")
  private Optional<Path> recipe = Optional.empty();

  @Option(
      names = "--sae",
      paramLabel = "\"NAME: WORD=VALUE ...\"",
      description = "One of several SAEs, and what is different with it.")
  private List<String> saes = new ArrayList<>();

  @Mixin private DeviceFlag device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of a step (default: one a core). The result does not depend on them.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--checkpoint-minutes",
      paramLabel = "X",
      description = "Minutes from one checkpoint to the next (default: ${DEFAULT-VALUE}).")
  private double checkpointMinutes = 10;

  @Option(names = "--tensorboard", description = "Write event files to OUT/tensorboard, too.")
  private boolean tensorBoard;

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  @Spec private CommandSpec spec;

  private final Screen screen;
  private final Places places;

  private TrainCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  /** The command, with a flag for every word of a recipe. */
  static CommandLine line(Screen screen, Places places) {
    CommandLine line = new CommandLine(new TrainCommand(screen, places));
    for (Word word : Word.values()) {
      String usual = word.otherwise().isEmpty() ? "" : " (default: " + word.otherwise() + ")";
      line.getCommandSpec()
          .addOption(
              OptionSpec.builder("--" + word.spelling())
                  .paramLabel(word.label())
                  .type(String.class)
                  .description(word.meaning() + usual + ".")
                  .build());
    }
    return line;
  }

  @Override
  public Integer call() {
    if (threads < 1 || !(checkpointMinutes > 0)) {
      throw TapscopeException.usage(
          "usage",
          "--threads is %d and --checkpoint-minutes is %s; both must be above 0."
              .formatted(threads, checkpointMinutes));
    }
    Words flags = flags();
    Optional<Checkpoint> checkpoint = resume.map(folder -> checkpoint(folder, flags));
    Plan plan = checkpoint.map(Checkpoint::plan).orElseGet(() -> plan(flags));
    Path folder = resume.orElseGet(this::newFolder);
    TrainingMemory memory;
    try (Device on = device.open(screen)) {
      memory = train(plan, checkpoint, folder, on);
    } catch (TapscopeException | GpuException e) {
      if (!canDoWithoutGpu(plan, e)) {
        throw e;
      }
      screen.say(gpuFailure(e).orElseThrow().getMessage() + " The CPU is used in its place.");
      Path last = folder.resolve(Checkpoint.FILE);
      try (Device cpu = Device.open(DeviceOption.CPU, screen::say)) {
        memory =
            train(
                plan,
                Files.isRegularFile(last) ? Optional.of(Checkpoint.read(last)) : checkpoint,
                folder,
                cpu);
      }
    }
    long stated = memory.total();
    PeakMemory.ofProcess().ifPresent(peak -> screen.say(peak.beside(stated)));
    return 0;
  }

  /** Whether a training that has failed goes on all the same: from its last checkpoint, or anew. */
  private boolean canDoWithoutGpu(Plan plan, RuntimeException e) {
    return gpuFailure(e).isPresent()
        && !device.insists()
        && plan.tasks().stream()
            .allMatch(task -> task.recipe().method().precision() == Precision.EXACT);
  }

  private static Optional<GpuException> gpuFailure(RuntimeException e) {
    Throwable failure = e instanceof TapscopeException ? e.getCause() : e;
    return failure instanceof GpuException gpu ? Optional.of(gpu) : Optional.empty();
  }

  private TrainingMemory train(Plan plan, Optional<Checkpoint> checkpoint, Path folder, Device on) {
    TrainingRows rows = rows(plan, checkpoint, new DeviceMaker(on, threads));
    advise(plan);
    checkpoint.ifPresent(from -> compare(from.device(), rows.maker().device()));
    screen.say("device: " + rows.maker().device());
    screen.say("precision: " + precisions(plan));
    screen.say("memory: " + rows.memory());
    train(plan, checkpoint, folder, rows);
    return rows.memory();
  }

  private void train(Plan plan, Optional<Checkpoint> checkpoint, Path folder, TrainingRows rows) {
    Path file = folder.resolve(Checkpoint.FILE);
    try (Trainer trainer =
        checkpoint.isPresent()
            ? Trainer.resume(file, checkpoint.get(), rows.sources(), rows.maker())
            : Trainer.start(plan, rows.sources(), rows.maker())) {
      List<StepMetrics> last = train(trainer, folder, rows.stop());
      Map<String, TrainedSae> written = write(trainer, rows, folder, last);
      screen.out().println(json ? TrainedSae.document(folder, written) : TrainedSae.text(written));
    }
  }

  /** One word where it is that of all SAEs. */
  private static String precisions(Plan plan) {
    Map<String, String> named = new LinkedHashMap<>();
    plan.tasks().forEach(task -> named.put(task.name(), task.recipe().precisionWord()));
    Set<String> all = Set.copyOf(named.values());
    return all.size() == 1
        ? all.iterator().next()
        : named.entrySet().stream()
            .map(sae -> sae.getKey() + " " + sae.getValue())
            .collect(Collectors.joining(", "));
  }

  /** Says it where training goes on elsewhere. */
  private void compare(String before, String now) {
    if (!before.equals(now)) {
      screen.say(
          "The checkpoint was made on the device %s, and training goes on on %s: as well, but to other bits."
              .formatted(before, now));
    }
  }

  private Words flags() {
    Map<String, String> given = new LinkedHashMap<>();
    for (Word word : Word.values()) {
      String value =
          spec.commandLine().getParseResult().matchedOptionValue("--" + word.spelling(), "");
      if (!value.isEmpty()) {
        given.put(word.spelling(), value);
      }
    }
    return Words.of("The command", given);
  }

  private Checkpoint checkpoint(Path folder, Words flags) {
    boolean others = recipe.isPresent() || !saes.isEmpty() || out.isPresent() || reading.given();
    if (others || !flags.given().isEmpty()) {
      throw TapscopeException.usage(
          "resume-alone",
          "--resume goes on with the recipe and in the folder it began with. Leave --out, --recipe,"
              + " --sae, --model, --corpus, a command and the words of a recipe away; --store may"
              + " name the store's new place.");
    }
    Path file = folder.resolve(Checkpoint.FILE);
    if (!Files.isRegularFile(file)) {
      throw TapscopeException.failed(
          "checkpoint-missing",
          "There is no %s in %s, so no training can go on there. Give the --out folder of one; one that was ended before its first step begins anew with --out."
              .formatted(Checkpoint.FILE, folder));
    }
    return Checkpoint.read(file);
  }

  private Plan plan(Words flags) {
    if (store.isPresent() == reading.given()) {
      throw TapscopeException.usage(
          "option-missing",
          "It is not said where the rows are, or twice. Add either --store DIR, the folder that"
              + " tapscope harvest has written, or --corpus FILE and --model MODEL, or --corpus"
              + " FILE and a command after --, for the rows of a model that runs meanwhile.");
    }
    Words common = recipe.map(Words::read).orElseGet(Words::none).then(flags);
    Plan plan =
        TrainPlan.of(
            common,
            saes,
            store
                .map(from -> Map.of("store", from.toAbsolutePath().normalize().toString()))
                .orElse(Map.of()));
    return store.isPresent()
        ? plan
        : new Plan(plan.course(), plan.tasks(), LiveTraining.of(plan, reading, places).origin());
  }

  private Path newFolder() {
    Path folder =
        out.orElseThrow(() ->
            TapscopeException.usage(
                "option-missing", "It is not said where the SAEs go. Add --out DIR."));
    if (Files.exists(folder.resolve(Checkpoint.FILE))) {
      throw TapscopeException.failed(
          "out-exists",
          "In %s there is a training already. Go on with it by --resume %s, or give another --out."
              .formatted(folder, folder));
    }
    return folder;
  }

  private TrainingRows rows(Plan plan, Optional<Checkpoint> checkpoint, DeviceMaker maker) {
    Optional<LiveTraining> live = LiveTraining.of(plan);
    if (live.isPresent()) {
      TrainingRows rows =
          live.get().open(plan, maker, checkpoint, places, JavaMemory.ofProcess(), screen);
      if (checkpoint.isEmpty()) {
        screen.say("scale and mean are taken from the first buffer, which is filled now");
      }
      return rows;
    }
    ActivationStore activations =
        ActivationStore.open(store.orElseGet(() -> Path.of(plan.origin().get("store"))));
    screen.say(
        "%,d rows in %s; %,d steps of %,d rows are %.1f epochs"
            .formatted(
                activations.rows(),
                activations.folder(),
                plan.course().steps(),
                plan.course().batch(),
                (double) plan.course().steps() * plan.course().batch() / activations.rows()));
    return TrainingRows.open(activations, plan, maker, JavaMemory.ofProcess());
  }

  private void advise(Plan plan) {
    for (Task task : plan.tasks()) {
      if (task.recipe().lambdaWarmUp() >= plan.course().steps()) {
        screen.say(
            "The lambda of %s grows over %,d steps and never gets to %s in %,d. Give --lambda-warmup."
                .formatted(
                    task.name(),
                    task.recipe().lambdaWarmUp(),
                    task.recipe().lambda(),
                    plan.course().steps()));
      }
    }
  }

  /** Trains to the end; when the process is ended first, keeps a checkpoint and does not return. */
  private List<StepMetrics> train(Trainer trainer, Path folder, Runnable wake) {
    Stopping stopping = new Stopping(wake);
    TrainingProgress progress =
        new TrainingProgress(screen, trainer.plan().course(), trainer.step());
    List<StepMetrics> last = new ArrayList<>();
    Training training =
        new Training(
            trainer,
            folder,
            Duration.ofMillis((long) (checkpointMinutes * 60_000)),
            tensorBoard,
            metrics -> {
              progress.show(metrics);
              if (!metrics.isEmpty()) {
                last.clear();
                last.addAll(metrics);
              }
            });
    boolean finished;
    try (stopping) {
      finished = training.run(stopping::wanted);
      if (!finished) {
        screen.say(
            "stopped after step %,d. Go on with: tapscope train --resume %s"
                .formatted(trainer.step(), folder));
      }
    } catch (TapscopeException | GpuException e) {
      if (!canDoWithoutGpu(trainer.plan(), e)) {
        screen.say(
            trainer.kept().isPresent()
                ? "%,d steps are kept. Go on with: tapscope train --resume %s"
                    .formatted(trainer.kept().getAsLong(), folder)
                : "No checkpoint had been written, so nothing is kept, and training has to begin"
                    + " anew.");
      }
      throw e;
    }
    return last;
  }

  private Map<String, TrainedSae> write(
      Trainer trainer, TrainingRows rows, Path folder, List<StepMetrics> last) {
    Map<String, TrainedSae> written = new LinkedHashMap<>();
    for (Task task : trainer.plan().tasks()) {
      written.put(task.name(), write(trainer, task, rows, folder.resolve(task.name()), last));
    }
    return written;
  }

  private TrainedSae write(
      Trainer trainer, Task task, TrainingRows rows, Path own, List<StepMetrics> last) {
    try (Arena arena = Arena.ofShared()) {
      SaeWriter writer = trainer.folded(task, arena);
      task.recipe().spelled().forEach((word, value) -> writer.metadata("recipe." + word, value));
      writer.metadata("site", task.recipe().site());
      Path file = writer.writeTo(own, SaeFormat.GEMMA_SCOPE);
      TrainedSae trained =
          new TrainedSae(
              task,
              trainer.plan().course(),
              file,
              writer.notes(),
              last.stream().filter(m -> m.name().equals(task.name())).findFirst());
      WholeFile.write(
          own.resolve("report.json"), new JsonMapper().writeValueAsString(trained.report()) + "\n");
      rows.store()
          .ifPresentOrElse(
              store -> screen.say(statistics(task, store, writer.weights(), rows.maker(), file)),
              () ->
                  screen.say(
                      "%s: %s comes from tapscope stats, with the same model and a corpus; no rows are left to count in"
                          .formatted(task.name(), SaeStats.FILE)));
      return trained;
    }
  }

  private String statistics(
      Task task, ActivationStore store, SaeWeights weights, DeviceMaker maker, Path file) {
    screen.say("%s: statistics of %,d rows".formatted(task.name(), store.rows()));
    SaeKernels kernels = maker.kernels(weights);
    FeatureStatistics statistics =
        StoreStatistics.write(store, task.recipe().site(), weights, kernels, file);
    kernels.release(weights);
    return "%s: %,d features fire, L0 %.2f; wrote %s"
        .formatted(
            task.name(), statistics.alive(), statistics.l0(), file.resolveSibling(SaeStats.FILE));
  }
}
