package dev.tapscope.live;

import dev.tapscope.tap.TapscopeException;
import java.util.Optional;

/**
 * The passes of one run of a model, in the order of its documents. Used by one thread at a time.
 */
public interface Passes extends AutoCloseable {
  /**
   * The next pass; empty when the run has ended, and ended well.
   *
   * @throws TapscopeException when the model has failed, or cannot be read
   */
  Optional<LivePass> next();

  /** Ends the model, where it runs still. */
  @Override
  void close();
}
