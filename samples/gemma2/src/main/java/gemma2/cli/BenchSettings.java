package gemma2.cli;

import gemma2.bench.Bench;
import gemma2.bench.Shape;
import gemma2.io.InputException;
import gemma2.math.Dtype;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** What the command line of {@code gemma2 bench} asks for, checked. */
record BenchSettings(
    Arguments arguments,
    Kernels kernels,
    Workers workers,
    Optional<Workers> baseline,
    Bench.Settings bench) {

  private static final List<String> DTYPES = List.of("bf16", "f16", "f32");

  /** Ids 0 to 2 are the padding, the end and the beginning of a text. */
  private static final int SMALLEST_VOCABULARY = 3;

  static BenchSettings of(Arguments arguments, Console console) {
    Bench.Settings bench =
        new Bench.Settings(
            arguments.integer("--prompt-tokens", 512, 1),
            arguments.integer("--decode-tokens", 32, 1),
            arguments.integer("--context", 128, 1),
            arguments.integer("--chunk", Option.DEFAULT_CHUNK, 1),
            arguments.integer("--rounds", 5, 0),
            arguments.seed("--seed", 0));
    int cores = Runtime.getRuntime().availableProcessors();
    int threads = arguments.integer("--threads", cores, 1);
    if (bench.rounds() > 0) {
      checkVectors();
    }
    Optional<Workers> baseline =
        arguments.has("--baseline-threads")
            ? Optional.of(new Workers(arguments.integer("--baseline-threads", 1, 1)))
            : Optional.empty();
    return new BenchSettings(
        arguments, Session.kernels(arguments, console), new Workers(threads), baseline, bench);
  }

  private static void checkVectors() {
    String measured = "What the machine can do is measured with the Vector API, which this JVM ";
    if (!Kernels.vectorModulePresent()) {
      throw new InputException(
          "bench-vector",
          measured
              + "was not given."
              + " Start java with --add-modules jdk.incubator.vector, as bin/gemma2 does.");
    }
    if (!Kernels.vectorsCompiled()) {
      throw new InputException(
          "bench-vector",
          measured
              + "does not compile, having no second compiler."
              + " Leave out -XX:TieredStopAtLevel or -Xint.");
    }
  }

  OptionalInt layers() {
    return arguments.has("--layers")
        ? OptionalInt.of(arguments.integer("--layers", 1, 1))
        : OptionalInt.empty();
  }

  Shape shape() {
    Shape shape = Shape.named(arguments.choice("--shape", Shape.names())).orElseThrow();
    int layers = layers().orElse(shape.layers());
    int vocab = arguments.integer("--vocab", shape.vocab(), SMALLEST_VOCABULARY);
    if (layers > Config.MOST_LAYERS) {
      throw arguments.wrong("--layers", "at most " + Config.MOST_LAYERS);
    }
    if (vocab > Config.LARGEST_VOCABULARY) {
      throw arguments.wrong("--vocab", "at most " + Config.LARGEST_VOCABULARY);
    }
    return shape.with(layers, vocab);
  }

  Optional<Dtype> dtype() {
    return arguments.has("--dtype")
        ? Optional.of(Dtype.valueOf(arguments.choice("--dtype", DTYPES).toUpperCase(Locale.ROOT)))
        : Optional.empty();
  }

  /** Both sequences must fit in the model's context. */
  void checkFits(int contextLength) {
    if (bench.promptTokens() > contextLength) {
      throw arguments.wrong("--prompt-tokens", "at most the context of " + contextLength);
    }
    if ((long) bench.context() + bench.decodeTokens() > contextLength) {
      throw new UsageException(
          "--context and --decode-tokens are %d and %d, together more than the model's context of %d."
              .formatted(bench.context(), bench.decodeTokens(), contextLength));
    }
  }
}
