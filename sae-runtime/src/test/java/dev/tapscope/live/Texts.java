package dev.tapscope.live;

import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A model whose rows say where they belong: {@code a} at word w of document d is {@code (d, w)},
 * {@code b} is {@code (d + w / 100)}. Each document is BOS, its words, EOS, in passes of three
 * tokens.
 */
final class Texts implements LiveModel {
  static final int BOS = 2;
  static final int EOS = 1;
  static final Kept KEPT = new Kept(false, Set.of(EOS));

  private final int[][] pieces;

  /** Runs started, for tests that count them. */
  int runs;

  /** Documents of a piece from this on are not computed: the model fails. */
  int failsAt = Integer.MAX_VALUE;

  /** Added to every row of {@code a}. */
  float drift;

  boolean closed;

  /**
   * @param pieces number of words of each document of each piece
   */
  Texts(int[]... pieces) {
    this.pieces = pieces;
  }

  @Override
  public int pieces() {
    return pieces.length;
  }

  @Override
  public String identity() {
    return "texts";
  }

  @Override
  public void close() {
    closed = true;
  }

  @Override
  public Passes run(int piece) {
    runs++;
    int first = 0;
    for (int p = 0; p < piece; p++) {
      first += pieces[p].length;
    }
    return new Run(first, pieces[piece]);
  }

  private final class Run implements Passes {
    private final int first;
    private final int[] words;
    private int sequence;
    private int start;

    Run(int first, int[] words) {
      this.first = first;
      this.words = words;
    }

    @Override
    public Optional<LivePass> next() {
      if (sequence == words.length) {
        return Optional.empty();
      }
      if (first + sequence >= failsAt) {
        throw TapscopeException.failed("model-stopped", "The model fails here.");
      }
      int length = words[sequence] + 2;
      int count = Math.min(3, length - start);
      int[] tokens = new int[count];
      float[] a = new float[2 * count];
      float[] b = new float[count];
      for (int i = 0; i < count; i++) {
        int word = start + i;
        tokens[i] = word == 0 ? BOS : word == length - 1 ? EOS : 10;
        a[2 * i] = first + sequence + drift;
        a[2 * i + 1] = word;
        b[i] = first + sequence + word / 100f;
      }
      LivePass pass =
          new LivePass(
              sequence,
              start,
              tokens,
              false,
              BOS,
              new TreeMap<>(Map.of("a", a, "b", b)),
              new double[0]);
      start += count;
      if (start == length) {
        start = 0;
        sequence++;
      }
      return Optional.of(pass);
    }

    @Override
    public void close() {}
  }

  /** Rows of its sites, with a buffer of that many. */
  LiveRows rows(long seed, int buffer, String... sites) {
    KeptRows kept = new KeptRows(this, List.of("a", "b"), KEPT);
    return new LiveRows(kept, kept.widths(0), List.of(sites), seed, buffer);
  }
}
