package dev.tapscope.cli;

import dev.tapscope.live.LiveModel;
import dev.tapscope.live.LivePass;
import dev.tapscope.live.Passes;
import dev.tapscope.sae.Sha256;
import dev.tapscope.store.Asked;
import dev.tapscope.tap.TapscopeException;
import java.util.Optional;

/**
 * A model's command that is run over a corpus while somebody reads its rows, a piece of the corpus
 * at a time, as a harvest runs it. {@link #stop} may be called by another thread; all else by one.
 */
final class TappedModel implements LiveModel, AutoCloseable {
  private final HarvestedModel model;
  private final Corpus corpus;
  private final Asked asked;
  private final Places places;
  private final Screen screen;
  private Optional<Documents> documents = Optional.empty();
  private long document;
  private volatile Optional<TappedStream> running = Optional.empty();
  private volatile boolean stopped;

  TappedModel(HarvestedModel model, Corpus corpus, Asked asked, Places places, Screen screen) {
    this.model = model;
    this.corpus = corpus;
    this.asked = asked;
    this.places = places;
    this.screen = screen;
  }

  @Override
  public int pieces() {
    return asked.pieces();
  }

  @Override
  public String identity() {
    return "command, model and corpus " + Sha256.of(asked.toJson()).substring(0, 16);
  }

  @Override
  public Passes run(int piece) {
    long first = (long) piece * asked.documentsPerPiece();
    int count = (int) Math.min(asked.documentsPerPiece(), corpus.documents() - first);
    RunPlace place = RunPlace.temporary();
    Piece passes = new Piece(piece, first, count, place, start(piece, first, count, place));
    if (stopped) {
      passes.stream.stop();
    }
    return passes;
  }

  private TappedStream start(int piece, long first, int count, RunPlace place) {
    try {
      var file = Harvest.documents(place);
      Harvest.write(documentsFrom(first), count, file);
      document = first + count;
      TappedStream stream =
          TappedStream.start(
              Harvest.piece(piece, first, count),
              model.on(file),
              new AgentOptions().set("profile", asked.profile()).set("stream", asked.capture()),
              places,
              screen);
      running = Optional.of(stream);
      return stream;
    } catch (TapscopeException e) {
      place.close();
      throw e;
    }
  }

  private Documents documentsFrom(long first) {
    if (documents.isEmpty() || first < document) {
      close();
      documents = Optional.of(new Documents(corpus.paths()));
      document = 0;
    }
    documents.get().skip(first - document);
    return documents.get();
  }

  /** Has the reading of rows end with an error, now or later. */
  void stop() {
    stopped = true;
    running.ifPresent(TappedStream::stop);
  }

  @Override
  public void close() {
    documents.ifPresent(Documents::close);
    documents = Optional.empty();
  }

  /** A run over one piece, which has computed every document of it. */
  private static final class Piece implements Passes {
    private final int number;
    private final long first;
    private final int count;
    private final RunPlace place;
    private final TappedStream stream;
    private int sequences;

    Piece(int number, long first, int count, RunPlace place, TappedStream stream) {
      this.number = number;
      this.first = first;
      this.count = count;
      this.place = place;
      this.stream = stream;
    }

    @Override
    public Optional<LivePass> next() {
      Optional<LivePass> pass = stream.next();
      sequences = pass.map(p -> p.sequence() + 1).orElse(sequences);
      if (pass.isEmpty() && sequences < count) {
        throw TapscopeException.failed(
            "documents-untold",
            "%s has %d documents, and the model computed %d texts. Have it compute every document."
                .formatted(Harvest.piece(number, first, count), count, sequences));
      }
      return pass;
    }

    @Override
    public void close() {
      stream.close();
      place.close();
    }
  }
}
