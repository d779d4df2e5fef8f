package dev.tapscope.cli;

import dev.tapscope.store.Asked;
import dev.tapscope.store.Share;
import dev.tapscope.store.StoredPiece;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope harvest}: activations of a corpus, kept for training. */
@Command(
    name = "harvest",
    mixinStandardHelpOptions = true,
    header = {
      "Run a model over a corpus and keep the activations of sites, for training.",
      "",
      "  tapscope harvest --model DIR --capture res.3 --corpus texts.jsonl.gz --out store",
      "  tapscope harvest --profile demo.taps --capture \"res.3+mlp.3\" --corpus a.txt b.jsonl \\",
      "                   --out store --dtype bf16 -- java -jar demo.jar --prompts {corpus}",
      "",
      "The same command again goes on where another was ended, however that was.",
      ""
    })
final class HarvestCommand implements Callable<Integer> {
  private static final List<String> DTYPES = List.of("f32", "bf16", "f16");
  private static final Set<String> KINDS = Set.of("bos", "eos", "pad");

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Model folder for the Gemma 2 sample, instead of a COMMAND.")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--profile",
      defaultValue = "gemma2",
      paramLabel = "NAME|FILE",
      description = "Where the taps are: a built-in profile or a .taps file (${DEFAULT-VALUE}).")
  private String profile;

  @Option(
      names = "--capture",
      paramLabel = "SITES",
      description = "Addresses to keep, joined by +: res.3+mlp.3")
  private Optional<String> capture = Optional.empty();

  @Option(
      names = "--corpus",
      arity = "1..*",
      paramLabel = "FILE",
      description =
          "Documents: JSONL with text, ids or messages, or plain text, one a line; either may be"
              + " compressed by gzip.")
  private List<Path> corpus = List.of();

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

  @Option(
      names = "--documents-per-piece",
      defaultValue = "512",
      paramLabel = "N",
      description =
          "Documents of one run of the model and one file of the store (${DEFAULT-VALUE}). A"
              + " harvest that is ended loses the piece under way, no more.")
  private int documentsPerPiece;

  @Option(
      names = "--keep",
      split = ",",
      paramLabel = "bos,eos,pad",
      description = "Tokens whose rows are left out otherwise.")
  private Set<String> keep = Set.of();

  @Option(
      names = "--leave-out",
      split = ",",
      paramLabel = "ID",
      description = "More token ids whose rows are left out.")
  private Set<Integer> leaveOut = Set.of();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description =
          "After --: the command that runs the model on a file of JSON lines; {corpus} stands where"
              + " that file goes.")
  private List<String> command = List.of();

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
    HarvestedModel harvested = new HarvestedModel(command());
    String sites = capture.orElseThrow(() -> missing("--capture SITES", "which sites to keep"));
    Path folder = out.orElseThrow(() -> missing("--out DIR", "where the store goes"));
    Share wanted = share.map(Share::parse).orElse(Share.WHOLE);
    checkChoices();
    if (corpus.isEmpty()) {
      throw missing("--corpus FILE", "what the model reads");
    }
    Corpus documents = Corpus.of(corpus);
    Asked asked =
        new Asked(
            sites,
            dtype,
            profile,
            harvested.command(),
            harvested.files(),
            documents.files(),
            documentsPerPiece,
            List.copyOf(new TreeSet<>(keep)),
            List.copyOf(new TreeSet<>(leaveOut)));
    screen.say(
        "%,d documents in %,d files, in %,d pieces of %,d"
            .formatted(documents.documents(), corpus.size(), asked.pieces(), documentsPerPiece));
    Harvest.Done done =
        new Harvest(harvested, documents, asked, wanted, places, screen)
            .into(folder, FreeSpace::ofDisk);
    screen.out().println(json ? document(done, folder) : text(done, folder));
    return 0;
  }

  private List<String> command() {
    if (model.isPresent() != command.isEmpty()) {
      throw TapscopeException.usage(
          "model-missing",
          "Either --model DIR for the Gemma 2 sample or a command after -- was wanted, and %s given. Give one of them."
              .formatted(model.isPresent() ? "both were" : "neither was"));
    }
    if (model.isEmpty()) {
      return command;
    }
    SampleModel sample = new SampleModel(model.get());
    List<String> full = new ArrayList<>(sample.command(places, "score"));
    full.addAll(List.of("--prompts", "{corpus}", "--json"));
    full.addAll(sample.windowsOnce());
    return full;
  }

  private void checkChoices() {
    if (!DTYPES.contains(dtype)) {
      throw TapscopeException.usage(
          "dtype-unknown", "There is no dtype %s. Give f32, bf16 or f16.".formatted(dtype));
    }
    if (!KINDS.containsAll(keep)) {
      throw TapscopeException.usage(
          "keep-unknown",
          "--keep takes bos, eos and pad, joined by commas; %s were given."
              .formatted(String.join(", ", keep)));
    }
    if (documentsPerPiece < 1) {
      throw TapscopeException.usage(
          "piece-size",
          "Pieces of %d documents were asked for. Give at least 1.".formatted(documentsPerPiece));
    }
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
