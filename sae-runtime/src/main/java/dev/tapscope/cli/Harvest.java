package dev.tapscope.cli;

import dev.tapscope.store.Asked;
import dev.tapscope.store.Found;
import dev.tapscope.store.PieceRun;
import dev.tapscope.store.Share;
import dev.tapscope.store.StoreFolder;
import dev.tapscope.store.StoredPiece;
import dev.tapscope.tap.TapscopeException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A corpus through a model into a store: one run of the model's command a piece. What the store has
 * already is kept, so the same harvest again goes on where another ended.
 */
final class Harvest {
  /** Documents that are tried first, to learn what a row is and how much there will be. */
  private static final int TRIED = 8;

  private static final List<String> KINDS = List.of("eos", "pad");

  private final HarvestedModel model;
  private final Corpus corpus;
  private final Asked asked;
  private final Share share;
  private final Places places;
  private final Screen screen;

  Harvest(
      HarvestedModel model, Corpus corpus, Asked asked, Share share, Places places, Screen screen) {
    this.model = model;
    this.corpus = corpus;
    this.asked = asked;
    this.share = share;
    this.places = places;
    this.screen = screen;
  }

  /**
   * What a harvest has done.
   *
   * @param pieces all that the store holds now
   * @param positions computed by this harvest
   * @param seconds that took, starts of the model included
   */
  record Done(List<StoredPiece> pieces, Found found, long positions, double seconds) {}

  /**
   * Makes what the store lacks.
   *
   * @throws TapscopeException {@code harvest-stopped} when the model's command fails, {@code
   *     disk-estimate} or {@code disk-full}, and what {@link StoreFolder} refuses
   */
  Done into(Path out, FreeSpace free) {
    long began = System.nanoTime();
    try (StoreFolder store = StoreFolder.open(out, asked, share)) {
      store.notes().forEach(screen::say);
      List<Integer> missing = store.missing();
      if (!missing.isEmpty()) {
        if (!store.pieces().isEmpty()) {
          screen.say(
              "keeping %,d pieces that %s has; %,d are missing"
                  .formatted(store.pieces().size(), out, missing.size()));
        }
        StoreSize size = tried(store);
        screen.say(size.sentence(missing.size(), free.bytes(store.folder())));
        size.requireRoom(missing.size(), free.bytes(store.folder()), store.folder());
      }
      long positions = harvest(store, missing, free, began);
      return new Done(store.pieces(), store.found().orElseThrow(), positions, seconds(began));
    }
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }

  /** Runs a few documents, and tells from them how large a piece becomes. */
  private StoreSize tried(StoreFolder store) {
    try (RunPlace place = RunPlace.temporaryIn(store.work());
        Documents documents = new Documents(corpus.paths())) {
      Corpus.Written written = write(place, documents, TRIED);
      HarvestRun run = run(place, "The first documents of the corpus");
      Found found = run.found(leftOut(), asked.keep().contains("bos"));
      boolean first = store.found().isEmpty();
      store.found(found);
      if (first) {
        screen.say(told(found));
      }
      double share = (double) written.characters() / corpus.characters();
      return new StoreSize(
          run.positions() / share / asked.pieces(),
          StoreFolder.bytesPerRow(found.sites(), asked.dtype()));
    }
  }

  private long harvest(StoreFolder store, List<Integer> missing, FreeSpace free, long began) {
    long positions = 0;
    long document = 0;
    int done = 0;
    try (Documents documents = new Documents(corpus.paths())) {
      for (int piece : missing) {
        long first = (long) piece * asked.documentsPerPiece();
        documents.skip(first - document);
        int count = (int) Math.min(asked.documentsPerPiece(), corpus.documents() - first);
        document = first + count;
        StoredPiece stored = piece(store, documents, piece, first, count);
        positions += stored.positions();
        done++;
        progress(stored, done, missing.size(), positions, seconds(began));
        if (done < missing.size()) {
          StoreSize.requireRoomForOne(store.pieces(), free.bytes(store.folder()), store.folder());
        }
      }
    }
    return positions;
  }

  private StoredPiece piece(
      StoreFolder store, Documents documents, int piece, long first, int count) {
    try (RunPlace place = RunPlace.temporaryIn(store.work())) {
      write(place, documents, count);
      String what =
          "Piece %d, documents %d to %d of the corpus,".formatted(piece, first, first + count - 1);
      HarvestRun run = run(place, what);
      Found found = run.found(leftOut(), asked.keep().contains("bos"));
      store.found(found);
      Set<Integer> ids =
          found.leftOut().values().stream()
              .flatMap(List::stream)
              .collect(Collectors.toUnmodifiableSet());
      return store.add(
          new PieceRun(run.folder(), piece, first, count, run.documents(first, count), ids));
    }
  }

  private static Corpus.Written write(RunPlace place, Documents documents, int count) {
    return Corpus.write(
        documents,
        count,
        document -> document.file().getFileName() + ":" + document.line(),
        file(place));
  }

  private static Path file(RunPlace place) {
    return place.folder().resolveSibling("documents.jsonl");
  }

  private HarvestRun run(RunPlace place, String what) {
    AgentOptions options =
        new AgentOptions()
            .set("profile", asked.profile())
            .set("capture", asked.capture())
            .set("capture.dtype", asked.dtype())
            .set("out", place.folder().toString());
    Tail said = new Tail();
    Screen quiet =
        new Screen(
            screen.out(),
            new PrintStream(said, true, StandardCharsets.UTF_8),
            screen.environment(),
            false,
            screen.columns());
    try {
      String output =
          new TappedProcess(places, quiet)
              .run(model.on(file(place)), options, OutputStream.nullOutputStream())
              .output();
      return HarvestRun.of(place.folder(), output);
    } catch (TapscopeException e) {
      screen.err().print(said.text());
      throw stopped(e, what);
    }
  }

  private static TapscopeException stopped(TapscopeException e, String what) {
    String sentence =
        "%s could not be harvested. %s What the store has is kept, and the same command goes on from there."
            .formatted(what, e.getMessage());
    return switch (e.exit()) {
      case TapscopeException.USAGE -> TapscopeException.usage("harvest-stopped", sentence);
      case TapscopeException.CHECK -> TapscopeException.check("harvest-stopped", sentence);
      default -> TapscopeException.failed("harvest-stopped", sentence, e);
    };
  }

  /** But for BOS, which the profile names. */
  private SortedMap<String, List<Integer>> leftOut() {
    SortedMap<String, List<Integer>> leftOut = new TreeMap<>();
    for (String kind : KINDS) {
      Set<Integer> tokens = model.tokens(kind + "_token_id");
      if (!asked.keep().contains(kind) && !tokens.isEmpty()) {
        leftOut.put(kind, List.copyOf(tokens));
      }
    }
    if (!asked.leaveOut().isEmpty()) {
      leftOut.put("asked", asked.leaveOut());
    }
    return leftOut;
  }

  private String told(Found found) {
    String unknown =
        KINDS.stream()
            .filter(kind -> !asked.keep().contains(kind) && !found.leftOut().containsKey(kind))
            .collect(Collectors.joining(" and "));
    return "sites %s; rows of these tokens are left out: %s%s"
        .formatted(
            found.sites(),
            found.leftOut().isEmpty() ? "none" : found.leftOut(),
            unknown.isEmpty()
                ? ""
                : "; no config.json beside the command names %s, --leave-out ID does"
                    .formatted(unknown));
  }

  private void progress(StoredPiece piece, int done, int of, long positions, double seconds) {
    Optional<String> left =
        done < of
            ? Optional.of("; about %,.0f s left".formatted(seconds / done * (of - done)))
            : Optional.empty();
    screen.say(
        "%d of %d: %s, %,d positions, %,d rows, %s; %,.0f positions/s%s"
            .formatted(
                done,
                of,
                piece.file(),
                piece.positions(),
                piece.rows(),
                StoreSize.text(piece.bytes()),
                positions / seconds,
                left.orElse("")));
  }
}
