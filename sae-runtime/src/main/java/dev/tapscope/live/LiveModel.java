package dev.tapscope.live;

/**
 * A model that can be run over a corpus, piece by piece. The passes of a piece are the same each
 * time, bit for bit.
 */
public interface LiveModel extends AutoCloseable {
  /** Pieces of the corpus. */
  int pieces();

  /** Begins a run over a piece. */
  Passes run(int piece);

  /** What decides the rows, in a few words. */
  String identity();

  @Override
  void close();
}
