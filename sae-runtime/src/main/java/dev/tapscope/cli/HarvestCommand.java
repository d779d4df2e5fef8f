package dev.tapscope.cli;

import dev.tapscope.store.Asked;
import dev.tapscope.store.Share;
import dev.tapscope.store.StoredPiece;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope harvest}: activations of a corpus, kept for training. */
@Command(
    name = "harvest",
    mixinStandardHelpOptions = true,
    header = {
      "Run a model over a corpus and keep the activations of sites, for training.",
      "",
      "  tapscope harvest --model MODEL --capture res.3 --corpus texts.jsonl.gz --out store",
      "  tapscope harvest --profile demo.taps --capture \"res.3+mlp.3\" --corpus a.txt b.jsonl \\",
      "                   --out store --dtype bf16 -- java -jar demo.jar --prompts {corpus}",
      "",
      "The same command again goes on where another was ended, however that was.",
      ""
    })
final class HarvestCommand implements Callable<Integer> {
  private static final List<String> DTYPES = List.of("f32", "bf16", "f16");

  @Mixin private ReadingFlags reading;

  @Option(
      names = "--capture",
      paramLabel = "SITES",
      description = "Addresses to keep, joined by +: res.3+mlp.3")
  private Optional<String> capture = Optional.empty();

  @Option(names = "--out", paramLabel = "DIR", description = "Folder of the store.")
  private Optional<Path> out = Optional.empty();

  @Option(
      names = "--dtype",
      defaultValue = "f32",
      paramLabel = "f32|bf16|f16",
      description = "How numbers are stored (${DEFAULT-VALUE}); bf16 and f16 round them.")
  private String dtype;

  @Option(
      names = "--shard",
      paramLabel = "I/N",
      description = "Do every N-th piece, beginning with the I-th; \"harvest merge\" joins them.")
  private Optional<String> share = Optional.empty();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  private final Screen screen;
  private final Places places;

  private HarvestCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  static CommandLine line(Screen screen, Places places) {
    return new CommandLine(new HarvestCommand(screen, places))
        .addSubcommand(new HarvestMergeCommand(screen))
        .addSubcommand(new HarvestVerifyCommand(screen));
  }

  @Override
  public Integer call() {
    HarvestedModel harvested = reading.model(places);
    harvested.tellSilent(screen);
    String sites = capture.orElseThrow(() -> missing("--capture SITES", "which sites to keep"));
    Path folder = out.orElseThrow(() -> missing("--out DIR", "where the store goes"));
    Share wanted = share.map(Share::parse).orElse(Share.WHOLE);
    if (!DTYPES.contains(dtype)) {
      throw TapscopeException.usage(
          "dtype-unknown", "There is no dtype %s. Give f32, bf16 or f16.".formatted(dtype));
    }
    reading.check();
    Corpus documents = reading.corpus();
    Asked asked = reading.asked(sites, dtype, harvested, documents);
    screen.say(
        "%,d documents in %,d files, in %,d pieces of %,d"
            .formatted(
                documents.documents(),
                documents.files().size(),
                asked.pieces(),
                asked.documentsPerPiece()));
    Harvest.Done done =
        new Harvest(harvested, documents, asked, wanted, places, screen)
            .into(folder, FreeSpace::ofDisk);
    screen.out().println(json ? document(done, folder) : text(done, folder));
    return 0;
  }

  private static TapscopeException missing(String option, String what) {
    return TapscopeException.usage(
        "option-missing", "It is not said %s. Add %s.".formatted(what, option));
  }

  private static long rows(Harvest.Done done) {
    return done.pieces().stream().mapToLong(StoredPiece::rows).sum();
  }

  private static long bytes(Harvest.Done done) {
    return done.pieces().stream().mapToLong(StoredPiece::bytes).sum();
  }

  private static String text(Harvest.Done done, Path folder) {
    return "%s: %,d rows at %s, %s in %,d pieces%n%s"
        .formatted(
            folder,
            rows(done),
            String.join(", ", done.found().sites().keySet()),
            StoreSize.text(bytes(done)),
            done.pieces().size(),
            done.positions() == 0
                ? "nothing was missing"
                : "%,d positions in %,.1f s: %,.0f positions/s"
                    .formatted(
                        done.positions(), done.seconds(), done.positions() / done.seconds()));
  }

  private static String document(Harvest.Done done, Path folder) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-harvest/1");
    document.put("store", folder.toString());
    document.put("sites", done.found().sites());
    document.put("left_out", done.found().leftOut());
    document.put("pieces", done.pieces().size());
    document.put("rows", rows(done));
    document.put("bytes", bytes(done));
    document.put("positions_computed", done.positions());
    document.put("seconds", done.seconds());
    document.put("positions_per_second", done.positions() / done.seconds());
    return new JsonMapper().writeValueAsString(document);
  }
}
