package gemma2.cli;

import gemma2.bench.Bench;
import gemma2.bench.Report;
import gemma2.bench.Runner;
import gemma2.bench.ScratchFolder;
import gemma2.bench.Shape;
import gemma2.bench.Subject;
import gemma2.bench.SyntheticCheckpoint;
import gemma2.io.InputException;
import gemma2.io.JsonWriter;
import gemma2.math.Dtype;
import gemma2.math.Workers;
import gemma2.model.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code gemma2 bench}. */
record BenchCommand() implements Command {

  /** The forms that are measured when none is named. */
  private static final Dtype DECODED = Dtype.BF16;

  private static final Dtype PREFILLED = Dtype.F32;

  @Override
  public String name() {
    return "bench";
  }

  @Override
  public String summary() {
    return "speed beside what the machine can do, on random weights of a model's shape";
  }

  @Override
  public List<Option> options() {
    return List.of(
        new Option("--shape", String.join("|", Shape.names()), "the model whose shape to take"),
        new Option("--layers", "N", "blocks; default: as many as the shape has"),
        new Option("--vocab", "N", "words of the vocabulary; default: as the shape has"),
        new Option(
            "--dtype",
            "bf16|f16|f32",
            "stored form of the weights; default: decode on bf16, prefill on f32"),
        new Option("--seed", "S", "of weights and tokens; default 0"),
        new Option("--keep", "DIR", "keep the checkpoint in this new folder; one, bf16 by default"),
        new Option("--model", "DIR", "bench the model in this folder instead of a --shape"),
        new Option("--prompt-tokens", "N", "tokens of the prompt in prefill; default 512"),
        new Option("--decode-tokens", "N", "tokens decoded; default 32"),
        new Option("--context", "N", "tokens before the decoded ones; default 128"),
        new Option("--rounds", "N", "rounds; default 5; 0 only writes what --keep keeps"),
        new Option("--threads", "N", "threads; default: all cores"),
        new Option(
            "--baseline-threads",
            "N",
            "also measure this many, taking turns, and say how many times its speed --threads has"),
        Option.CHUNK,
        new Option("--kernels", "auto|plain|vector", "inner loops; default auto"));
  }

  @Override
  public List<String> examples() {
    return List.of(
        "gemma2 bench --shape 2b --layers 4 --vocab 8192 --threads 1",
        "gemma2 bench --shape 2b --layers 4 --vocab 8192 --threads 2 --baseline-threads 1",
        "gemma2 bench --shape 2b --keep DIR --rounds 0",
        "gemma2 bench --model DIR --layers 4 --json");
  }

  @Override
  public void run(Arguments arguments, Console console) {
    checkSource(arguments);
    BenchSettings settings = BenchSettings.of(arguments, console);
    if (arguments.has("--model")) {
      benchFolder(Path.of(arguments.require("--model")), settings, console);
    } else if (arguments.has("--keep")) {
      benchKept(Path.of(arguments.require("--keep")), settings, console);
    } else {
      benchScratch(settings, console);
    }
  }

  private static void checkSource(Arguments arguments) {
    if (arguments.has("--model") == arguments.has("--shape")) {
      throw new UsageException(
          "One of --shape and --model is needed, and %s given."
              .formatted(arguments.has("--model") ? "both are" : "none is"));
    }
    Stream.of("--vocab", "--dtype", "--keep")
        .filter(option -> arguments.has("--model") && arguments.has(option))
        .findFirst()
        .ifPresent(option -> {
          throw new UsageException(option + " goes with --shape; --model is taken as it is.");
        });
    if (arguments.integer("--rounds", 5, 0) == 0 && !arguments.has("--keep")) {
      throw new UsageException("--rounds 0 measures nothing; it goes with --keep DIR.");
    }
  }

  private static void benchFolder(Path folder, BenchSettings settings, Console console) {
    Config config = Config.read(folder);
    settings.checkFits(config.contextLength());
    if (settings.layers().orElse(1) > config.layers()) {
      throw settings
          .arguments()
          .wrong("--layers", "at most the model's %d layers".formatted(config.layers()));
    }
    measure(folder, folder, settings, console);
  }

  private static void benchKept(Path target, BenchSettings settings, Console console) {
    Shape shape = settings.shape();
    settings.checkFits(Shape.CONTEXT);
    try (ScratchFolder scratch = ScratchFolder.beside(target)) {
      write(shape, settings.dtype().orElse(DECODED), scratch.path(), settings, console);
      scratch.keepAs(target);
    }
    console.say("Kept in %s.".formatted(target));
    if (settings.bench().rounds() > 0) {
      measure(target, target, settings, console);
    } else if (settings.arguments().has("--json")) {
      Map<String, Object> described = describe(Config.read(target), settings);
      console.out().println(JsonWriter.write(Map.of("settings", described)));
    }
  }

  private static void benchScratch(BenchSettings settings, Console console) {
    Shape shape = settings.shape();
    settings.checkFits(Shape.CONTEXT);
    try (ScratchFolder scratch = ScratchFolder.temporary()) {
      Dtype decodedForm = settings.dtype().orElse(DECODED);
      Dtype prefilledForm = settings.dtype().orElse(PREFILLED);
      Path decoded = make(shape, decodedForm, scratch, settings, console);
      Path prefilled =
          prefilledForm == decodedForm
              ? decoded
              : make(shape, prefilledForm, scratch, settings, console);
      measure(decoded, prefilled, settings, console);
    }
  }

  private static Path make(
      Shape shape, Dtype dtype, ScratchFolder scratch, BenchSettings settings, Console console) {
    Path folder = scratch.path().resolve(dtype.name());
    try {
      Files.createDirectory(folder);
    } catch (IOException e) {
      throw new InputException(
          "bench-unwritable", "The folder %s could not be made: %s.".formatted(folder, e), e);
    }
    write(shape, dtype, folder, settings, console);
    return folder;
  }

  private static void write(
      Shape shape, Dtype dtype, Path folder, BenchSettings settings, Console console) {
    SyntheticCheckpoint checkpoint = new SyntheticCheckpoint(shape, dtype, settings.bench().seed());
    long started = System.nanoTime();
    checkpoint.write(folder);
    console.say(
        String.format(
            Locale.ROOT,
            "Wrote %s, %d layers, %d words, %s: %,d bytes in %.1f s.",
            shape.name(),
            shape.layers(),
            shape.vocab(),
            dtype.name().toLowerCase(Locale.ROOT),
            checkpoint.bytes(),
            (System.nanoTime() - started) / 1e9));
  }

  private static void measure(
      Path decoded, Path prefilled, BenchSettings settings, Console console) {
    Runner measured = runner(decoded, prefilled, settings.workers(), settings);
    Optional<Runner> baseline =
        settings.baseline().map(workers -> runner(decoded, prefilled, workers, settings));
    Map<String, Object> described = describe(measured.decoded().model().config(), settings);
    Report report = new Bench(measured, baseline, settings.bench()).run(console::say);
    if (settings.arguments().has("--json")) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("settings", described);
      document.putAll(report.values());
      console.out().println(JsonWriter.write(document));
    } else {
      console.out().println(title(described));
      console.out().print(report.table());
    }
  }

  private static Runner runner(
      Path decoded, Path prefilled, Workers workers, BenchSettings settings) {
    Subject one = Subject.load(decoded, settings.layers(), settings.kernels(), workers);
    Subject other =
        prefilled.equals(decoded)
            ? one
            : Subject.load(prefilled, settings.layers(), settings.kernels(), workers);
    return new Runner(one, other, workers);
  }

  private static Map<String, Object> describe(Config config, BenchSettings settings) {
    Arguments arguments = settings.arguments();
    Bench.Settings bench = settings.bench();
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("model", arguments.find("--model").orElseGet(() -> arguments.require("--shape")));
    described.put("synthetic", !arguments.has("--model"));
    arguments.find("--keep").ifPresent(folder -> described.put("kept", folder));
    described.put("layers", config.layers());
    described.put("vocab_size", config.vocabSize());
    described.put("kernels", settings.kernels().name());
    described.put("threads", settings.workers().threads());
    described.put("chunk", bench.chunk());
    described.put("prompt_tokens", bench.promptTokens());
    described.put("decode_tokens", bench.decodeTokens());
    described.put("context", bench.context());
    described.put("rounds", bench.rounds());
    described.put("seed", bench.seed());
    described.put("java", Runtime.version().toString());
    return described;
  }

  private static String title(Map<String, Object> described) {
    return "%s, %s layers, %s words; threads: %s; %s"
        .formatted(
            described.get("model"),
            described.get("layers"),
            described.get("vocab_size"),
            described.get("threads"),
            described.get("kernels"));
  }
}
