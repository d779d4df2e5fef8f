package dev.tapscope.store;

import dev.tapscope.step.Batch;

/**
 * Rows to train on, in an order that their seed alone decides. Used by one thread at a time. Where
 * {@link #next} throws, nothing has been drawn, and {@link #place} is what it was.
 */
public interface RowSource extends AutoCloseable {
  /** Width of the rows that are encoded. */
  int inputs();

  /** Width of the rows that are to be reconstructed. */
  int outputs();

  /** Rows that stand for all, from the beginning: those of one epoch, or of the first buffer. */
  long rows();

  /**
   * The next rows, of the next epoch where this one is over.
   *
   * @return a batch of exactly that many rows, borrowed until the next call
   */
  Batch next(int rows);

  /** Where it stands, in a few words that {@link #seek} of an equal source understands. */
  String place();

  /** Goes on where another source stood: what comes next is the same, bit for bit. */
  void seek(String place);

  @Override
  void close();
}
