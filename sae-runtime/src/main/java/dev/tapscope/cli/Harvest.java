package dev.tapscope.cli;

import dev.tapscope.store.Asked;
import dev.tapscope.store.Found;
import dev.tapscope.store.PieceRun;
import dev.tapscope.store.Share;
import dev.tapscope.store.StoreFolder;
import dev.tapscope.store.StoredPiece;
import dev.tapscope.tap.TapscopeException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A corpus through a model into a store: one run of the model's command a piece. What the store has
 * already is kept, so the same harvest again goes on where another ended.
 */
final class Harvest {
  /** Documents that are tried first, to learn what a row is and how much there will be. */
  private static final int TRIED = 8;

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
        StoreSize size = store.pieces().isEmpty() ? tried(store) : known(store);
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

  /** Tells from the pieces there are how large others become. */
  private StoreSize known(StoreFolder store) {
    return new StoreSize(
        store.pieces().stream().mapToLong(StoredPiece::positions).average().orElseThrow(),
        StoreFolder.bytesPerRow(store.found().orElseThrow().sites(), asked.dtype()));
  }

  /** Runs a few documents, and tells from them how large a piece becomes. */
  private StoreSize tried(StoreFolder store) {
    try (RunPlace place = RunPlace.temporaryIn(store.work());
        Documents documents = new Documents(corpus.paths())) {
      Corpus.Written written = write(documents, TRIED, documents(place));
      HarvestRun run = run(place, "The first documents of the corpus");
      Found found = run.found(leftOut());
      boolean first = store.found().isEmpty();
      store.found(found);
      if (first) {
        screen.say("sites %s; %s".formatted(found.sites(), leftOut().sentence(found.leftOut())));
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
      write(documents, count, documents(place));
      HarvestRun run = run(place, piece(piece, first, count));
      Found found = run.found(leftOut());
      store.found(found);
      Set<Integer> ids =
          found.leftOut().values().stream()
              .flatMap(List::stream)
              .collect(Collectors.toUnmodifiableSet());
      return store.add(
          new PieceRun(run.folder(), piece, first, count, run.documents(first, count), ids));
    }
  }

  /** Writes the next documents for the model, which calls each {@code FILE:LINE}. */
  static Corpus.Written write(Documents documents, int count, Path file) {
    return Corpus.write(
        documents, count, document -> document.file().getFileName() + ":" + document.line(), file);
  }

  /** Where the documents of a run lie. */
  static Path documents(RunPlace place) {
    return place.folder().resolveSibling("documents.jsonl");
  }

  /** A piece in words, for the beginning of a sentence. */
  static String piece(int piece, long first, int count) {
    return "Piece %d, documents %d to %d of the corpus,".formatted(piece, first, first + count - 1);
  }

  private HarvestRun run(RunPlace place, String what) {
    AgentOptions options =
        new AgentOptions()
            .set("profile", asked.profile())
            .set("capture", asked.capture())
            .set("capture.dtype", asked.dtype())
            .set("out", place.folder().toString());
    Tail said = new Tail();
    try {
      String output =
          new TappedProcess(places, screen.quiet(said))
              .run(model.on(documents(place)), options, OutputStream.nullOutputStream())
              .output();
      return HarvestRun.of(place.folder(), output);
    } catch (TapscopeException e) {
      screen.err().print(said.text());
      throw TappedProcess.failure(
          e.exit(),
          "harvest-stopped",
          "%s could not be harvested. %s What the store has is kept, and the same command goes on from there."
              .formatted(what, e.getMessage()));
    }
  }

  private LeftOut leftOut() {
    return LeftOut.of(model, asked.keep(), asked.leaveOut());
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
