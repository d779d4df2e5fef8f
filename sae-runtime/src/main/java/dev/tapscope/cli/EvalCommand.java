package dev.tapscope.cli;

import dev.tapscope.device.Device;
import dev.tapscope.eval.Evaluation;
import dev.tapscope.eval.EvaluationCsv;
import dev.tapscope.eval.EvaluationJson;
import dev.tapscope.eval.FrontierPlot;
import dev.tapscope.io.WholeFile;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.store.Asked;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapscope eval}: how good SAEs are, and what they cost the model. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    header = {
      "Measure L0, FVU, delta loss, loss recovered, dead features, densities and decoder cosines.",
      "",
      "  tapscope eval --model MODEL --sae \"l9=res.3 PATH\" --sae \"l26=res.3 PATH\" \\",
      "                --corpus heldout.jsonl --out evaluation",
      "  tapscope eval --profile demo.taps --sae \"l9=res.3 PATH\" --corpus heldout.jsonl \\",
      "                -- java -jar demo.jar --prompts {corpus}",
      "",
      "runs the model once as it is, once with each SAE spliced in, and once with zeros at each",
      "site. sae-runtime/METRICS.md defines every number.",
      ""
    })
final class EvalCommand implements Callable<Integer> {
  @Mixin private CorpusModelFlags model;
  @Mixin private CorpusFlags corpus;
  @Mixin private DeviceFlag device;

  @Option(
      names = "--sae",
      required = true,
      paramLabel = "\"NAME=ADDRESS PATH\"",
      converter = SaeSpec.Converter.class,
      description = "An SAE and the site it reads; INPUT>OUTPUT for a transcoder. Repeatable.")
  private List<SaeSpec> saes = List.of();

  @Option(
      names = "--eos",
      description =
          "End every document with the model's end token, as training text often does; with"
              + " --model.")
  private boolean eos;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for eval.json, eval.csv and eval.svg; made where it does not exist.")
  private Optional<Path> out = Optional.empty();

  @Option(names = "--csv", paramLabel = "FILE", description = "Write one line an SAE.")
  private Optional<Path> csv = Optional.empty();

  @Option(names = "--svg", paramLabel = "FILE", description = "Draw L0 against delta loss.")
  private Optional<Path> svg = Optional.empty();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  /** Bytes of UTF-8, and of the ids of short documents, for a character of text. */
  private static final double DISK_PER_CHARACTER = 1.5;

  private final Screen screen;
  private final Places places;

  EvalCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() throws IOException {
    if (eos && model.sample().isEmpty()) {
      throw noTokenizer();
    }
    model.check();
    Map<SaeSpec, JumpReluSae> loaded = load();
    HarvestedModel reading = model.reading(places);
    reading.tellSilent(screen);
    Corpus read = Corpus.of(corpus.files());
    out.ifPresent(EvalCommand::makeFolder);
    Evaluation evaluation;
    try (Device on = device.open(screen);
        RunPlace place = RunPlace.temporary()) {
      Path folder = place.folder().toAbsolutePath().getParent();
      requireRoom(read, folder);
      CorpusDocuments documents = CorpusDocuments.gather(read, folder);
      if (eos) {
        SampleModel sample = model.sample().orElseThrow(EvalCommand::noTokenizer);
        documents = documents.ended(sample, reading.ends(), places);
      }
      screen.say("reading %,d documents".formatted(documents.count()));
      EvalRuns runs =
          new EvalRuns(reading, model.profile(), documents.file(), on, device, places, screen);
      evaluation =
          new Evaluation(
              model.name(),
              read.files().stream().map(Asked.CorpusFile::file).collect(Collectors.joining(", ")),
              documents.count(),
              eos,
              runs.evaluate(loaded));
    }
    write(evaluation);
    screen.out().print(json ? EvaluationJson.of(evaluation) + "\n" : EvaluationText.of(evaluation));
    return 0;
  }

  private static TapscopeException noTokenizer() {
    return TapscopeException.usage(
        "eos-unreachable",
        "--eos asks the tokenizer of --model, and a command after -- has its own. Leave --eos away,"
            + " and put the end token into the documents' ids.");
  }

  /** The documents, and with --eos their ids beside them, are all that is written. */
  private void requireRoom(Corpus read, Path folder) {
    double needed = DISK_PER_CHARACTER * read.characters() * (eos ? 2 : 1);
    long free = FreeSpace.ofDisk(folder);
    screen.say(
        "about %s of documents on the disk of %s, and neither activations nor logits; %s are free"
            .formatted(StoreSize.text(needed), folder.getParent(), StoreSize.text(free)));
    if (needed > free) {
      throw TapscopeException.failed(
          "disk-estimate",
          "The documents for the model would take about %s on the disk of %s, and %s are free. Make room, or set java.io.tmpdir to a folder on another disk; nothing was run."
              .formatted(StoreSize.text(needed), folder.getParent(), StoreSize.text(free)));
    }
  }

  private Map<SaeSpec, JumpReluSae> load() {
    Map<String, SaeSpec> names = new LinkedHashMap<>();
    Map<SaeSpec, JumpReluSae> loaded = new LinkedHashMap<>();
    for (SaeSpec spec : saes) {
      if (names.put(spec.name(), spec) != null) {
        throw TapscopeException.usage(
            "sae-twice", "Two SAEs are called %s. Give each its own name.".formatted(spec.name()));
      }
      loaded.put(spec, SaeFolder.open(spec.path()).sae());
    }
    return loaded;
  }

  private static void makeFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "out-unwritable",
          "The folder %s cannot be made: %s. Give one whose parent may be written to."
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  private void write(Evaluation evaluation) {
    out.ifPresent(
        folder -> WholeFile.write(folder.resolve("eval.json"), EvaluationJson.of(evaluation)));
    for (Optional<Path> file : List.of(out.map(f -> f.resolve("eval.csv")), csv)) {
      file.ifPresent(path -> WholeFile.write(path, EvaluationCsv.of(evaluation)));
    }
    for (Optional<Path> file : List.of(out.map(f -> f.resolve("eval.svg")), svg)) {
      file.ifPresent(path -> WholeFile.write(path, FrontierPlot.of(evaluation)));
    }
  }
}
