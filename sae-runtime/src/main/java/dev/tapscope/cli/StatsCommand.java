package dev.tapscope.cli;

import dev.tapscope.recording.RunStream;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.sae.Sha256;
import dev.tapscope.tap.TapscopeException;
import java.io.OutputStream;
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
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope stats}: what a corpus shows of an SAE's features. */
@Command(
    name = "stats",
    mixinStandardHelpOptions = true,
    header = {
      "Measure each feature's maximum, mean and density over a corpus, BOS and EOS left out.",
      "",
      "  tapscope stats --model MODEL --sae \"l9=res.3 PATH\" --corpus texts.jsonl",
      "  tapscope stats --profile demo.taps --sae \"l9=res.3 PATH\" --corpus texts.jsonl \\",
      "                 -- java -jar demo.jar --prompts {corpus}",
      "",
      "writes stats.safetensors beside the SAE, or into --out.",
      ""
    })
final class StatsCommand implements Callable<Integer> {
  @Mixin private CorpusModelFlags model;
  @Mixin private CorpusFlags corpus;
  @Mixin private DeviceFlag device;

  @Option(
      names = "--sae",
      required = true,
      paramLabel = "\"NAME=ADDRESS PATH\"",
      converter = SaeSpec.Converter.class,
      description = "The SAE and the site it reads.")
  private SaeSpec sae;

  @Option(names = "--out", paramLabel = "DIR", description = "Folder for stats.safetensors.")
  private Optional<Path> out = Optional.empty();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  private final Screen screen;
  private final Places places;

  StatsCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() {
    model.check();
    SaeFolder loaded = SaeFolder.open(sae.path());
    HarvestedModel reading = model.reading(places);
    reading.tellSilent(screen);
    Path folder = out.orElseGet(() -> besideTheSae(sae.path()));
    if (!Files.isDirectory(folder)) {
      throw TapscopeException.failed(
          "out-missing",
          "The folder "
              + folder
              + " for the statistics does not exist. Make it, or leave --out"
              + " away to write beside the SAE.");
    }
    try (RunPlace place = RunPlace.temporary()) {
      CorpusDocuments documents =
          CorpusDocuments.gather(
              Corpus.of(corpus.files()), place.folder().toAbsolutePath().getParent());
      screen.say("reading " + documents.count() + " documents of " + names());
      AgentOptions options =
          new AgentOptions()
              .set("profile", model.profile())
              .set("capture", sae.outputAddress())
              .saes(List.of(sae))
              .set("out", place.folder().toString());
      device.passTo(options);
      new TappedProcess(places, screen)
          .run(reading.on(documents.file()), options, OutputStream.nullOutputStream());
      FeatureStatistics statistics =
          FeatureStatistics.of(place.folder(), sae.name(), loaded.sae().features(), reading.ends());
      Path file = folder.resolve(SaeStats.FILE);
      statistics.stats(metadata(place.folder(), loaded, statistics)).write(file);
      screen.out().println(json ? document(statistics, file) : text(statistics, file));
    }
    return 0;
  }

  private String names() {
    return corpus.files().stream()
        .map(file -> file.getFileName().toString())
        .collect(Collectors.joining(", "));
  }

  private static Path besideTheSae(Path path) {
    return Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
  }

  private Map<String, String> metadata(Path run, SaeFolder loaded, FeatureStatistics statistics) {
    return statistics.metadata(
        readSite(run, statistics.normSite()),
        names(),
        corpus.files().stream().map(Sha256::of).collect(Collectors.joining(", ")),
        loaded.sae().sha256(),
        true,
        true);
  }

  /**
   * The canonical address of the site the SAE reads. A run on one SAE asks for that site and for
   * the one it writes, if that is another.
   */
  private static String readSite(Path run, String written) {
    return RunStream.sites(run).stream()
        .filter(address -> !address.equals(written))
        .findFirst()
        .orElse(written);
  }

  private static String text(FeatureStatistics statistics, Path file) {
    return "%,d tokens without BOS and EOS; %,d features fire, %,d never do, %,d on more than 10 %%; L0 %.2f; mean norm %.3f%nwrote %s"
        .formatted(
            statistics.tokens(),
            statistics.alive(),
            statistics.features() - statistics.alive(),
            statistics.denserThan(0.1),
            statistics.l0(),
            statistics.meanNorm(),
            file);
  }

  private static String document(FeatureStatistics statistics, Path file) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-stats/1");
    document.put("file", file.toString());
    document.put("n_tokens", statistics.tokens());
    document.put("features", statistics.features());
    document.put("features_firing", statistics.alive());
    document.put("features_denser_than_10_percent", statistics.denserThan(0.1));
    document.put("l0", statistics.l0());
    document.put("mean_norm", statistics.meanNorm());
    return new JsonMapper().writeValueAsString(document);
  }
}
