package gemma2.cli;

import gemma2.io.Checkpoint;
import gemma2.io.InputException;
import gemma2.io.Tensor;
import gemma2.math.Kernels;
import gemma2.math.PlainKernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.Gemma2;
import gemma2.model.ModelLoader;
import gemma2.text.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** What the model options of a command line name, opened no sooner than needed. */
final class Session {

  /** A model of fewer numbers than this is done before other threads are awake. */
  private static final long SMALL_MODEL = 1L << 26;

  private final Arguments arguments;
  private final Console console;
  private final Path model;
  private final Config config;
  private final int layersOfModel;
  private final Optional<Tokenizer> tokenizer;
  private final Checkpoint checkpoint;
  private final Kernels kernels;
  private final int threads;
  private final int chunk;

  private Session(Arguments arguments, Console console) {
    this.arguments = arguments;
    this.console = console;
    this.chunk = arguments.integer("--chunk", Option.DEFAULT_CHUNK, 1);
    int askedThreads = arguments.integer("--threads", 0, 1);
    this.kernels = kernels(arguments, console);
    this.model = Path.of(arguments.require("--model"));
    Config whole = Config.read(model);
    this.layersOfModel = whole.layers();
    this.config = firstLayers(arguments, whole, console);
    this.tokenizer = findTokenizer(model, config);
    this.checkpoint = Checkpoint.open(model);
    long numbers = checkpoint.tensors().stream().mapToLong(Tensor::count).sum();
    int cores = Runtime.getRuntime().availableProcessors();
    this.threads = askedThreads > 0 ? askedThreads : numbers < SMALL_MODEL ? 1 : cores;
  }

  static Session open(Arguments arguments, Console console) {
    return new Session(arguments, console);
  }

  static Kernels kernels(Arguments arguments, Console console) {
    String choice = arguments.choice("--kernels", List.of("auto", "plain", "vector"));
    if (choice.equals("plain")) {
      return new PlainKernels();
    }
    String remedy = "Start java with --add-modules jdk.incubator.vector, as bin/gemma2 does.";
    boolean present = Kernels.vectorModulePresent();
    if (choice.equals("vector")) {
      if (!present) {
        throw new UsageException("The Vector API is not available to this JVM. " + remedy);
      }
      return Kernels.vector();
    }
    if (!present) {
      console.say(
          "The Vector API is not available to this JVM: plain loops are used, which are slower. "
              + remedy);
    } else if (!Kernels.vectorsCompiled()) {
      console.say(
          "This JVM was started without its second compiler: plain loops are used, as the Vector"
              + " API would be slower. Leave out -XX:TieredStopAtLevel or -Xint for full speed.");
    }
    return Kernels.choose();
  }

  private static Config firstLayers(Arguments arguments, Config whole, Console console) {
    int layers = arguments.integer("--layers", whole.layers(), 1);
    if (layers > whole.layers()) {
      throw arguments.wrong("--layers", "at most the model's %d layers".formatted(whole.layers()));
    }
    if (layers < whole.layers()) {
      console.say(
          "Only the first %d of %d layers are run; the final norm and the head follow them."
              .formatted(layers, whole.layers()));
    }
    return whole.withLayers(layers);
  }

  /** The tokenizer of a model, which must be there and fit the model. */
  static Tokenizer tokenizer(Path model, Config config) {
    return findTokenizer(model, config).orElseThrow(() -> noTokenizer(model));
  }

  private static Optional<Tokenizer> findTokenizer(Path model, Config config) {
    Optional<Tokenizer> tokenizer = Tokenizer.find(model);
    tokenizer.ifPresent(found -> {
      if (found.size() > config.vocabSize() || found.bos() != config.bos()) {
        throw new InputException(
            "tokenizer-mismatch",
            "The tokenizer in %s has %d pieces and BOS %d, but the model's configuration gives it a"
                    .formatted(model, found.size(), found.bos())
                + " vocabulary of %d and BOS %d. Use the tokenizer that came with the model."
                    .formatted(config.vocabSize(), config.bos()));
      }
    });
    return tokenizer;
  }

  private static InputException noTokenizer(Path model) {
    return new InputException(
        "tokenizer-missing",
        "%s holds neither tokenizer.model nor tokenizer.json, nor the metadata of a tokenizer, so"
                .formatted(model)
            + " text cannot be split. Get one from the model's repository, or give --ids.");
  }

  Config config() {
    return config;
  }

  Checkpoint checkpoint() {
    return checkpoint;
  }

  int chunk() {
    return chunk;
  }

  Optional<Tokenizer> findTokenizer() {
    return tokenizer;
  }

  /** The prompts of the command line. */
  List<Prompt> prompts(Prompts.Reply reply) {
    return Prompts.read(
        arguments, config, () -> tokenizer.orElseThrow(() -> noTokenizer(model)), reply);
  }

  /** Loads the weights. */
  Gemma2 load() {
    long started = System.nanoTime();
    ModelLoader.Options options =
        new ModelLoader.Options(
            !arguments.has("--no-weight-check"), arguments.has("--bf16-embedding-scale"));
    Gemma2 loaded = ModelLoader.load(config, checkpoint, kernels, new Workers(threads), options);
    console.say(
        "Loaded %s in %.1f s; %s; %d %s."
            .formatted(
                model,
                (System.nanoTime() - started) / 1e9,
                kernels.name(),
                threads,
                threads == 1 ? "thread" : "threads"));
    List<String> unused = checkpoint.unused().stream().filter(name -> !isLaterLayer(name)).toList();
    if (!unused.isEmpty()) {
      console.say(
          "Left out, as no part of the model, are tensors of the checkpoint (%d): %s%s"
              .formatted(
                  unused.size(),
                  String.join(", ", unused.subList(0, Math.min(3, unused.size()))),
                  unused.size() > 3 ? ", ..." : "."));
    }
    return loaded;
  }

  /** Whether a tensor belongs to a layer that was left out on purpose. */
  private boolean isLaterLayer(String tensor) {
    return IntStream.range(config.layers(), layersOfModel)
        .anyMatch(layer -> tensor.startsWith("model.layers." + layer + "."));
  }

  /** The settings that every command has, for its JSON. */
  Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("model", model.toString());
    settings.put("kernels", kernels.name());
    settings.put("threads", threads);
    settings.put("chunk", chunk);
    if (arguments.has("--layers")) {
      settings.put("layers", config.layers());
      settings.put("layers_of_model", layersOfModel);
    }
    settings.put("bf16_embedding_scale", arguments.has("--bf16-embedding-scale"));
    return settings;
  }
}
