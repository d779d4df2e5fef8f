package dev.tapscope.tap;

import java.util.Optional;

/**
 * A forward pass as a loop over its values, in the order the model computes them:
 *
 * <pre>{@code
 * try (Steps<float[][]> run = Taps.steps("res.*", () -> model.forward(ids, 0, cache, 1))) {
 *   for (Activation a : run) {
 *     a.set(edited);
 *     if (a.address().layer() == 4) {
 *       break;
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>The model runs on a thread of its own and waits while the body of the loop works; the
 * activation is valid until the next step. It sees the value after every other replacer of its
 * address and may write. Leaving the loop early unwinds the model at {@link #close}, through the
 * model's own {@code finally} blocks; the cache object it was writing into is then half written,
 * and a later pass that builds on it is refused ({@code cache-half-written}).
 *
 * <p>An exception of the model comes out of the loop as it is; a checked one as the cause of a
 * {@link java.util.concurrent.CompletionException}. Can be iterated once, by one thread at a time.
 *
 * @param <T> what the model returns
 */
public interface Steps<T> extends Iterable<Activation>, AutoCloseable {
  /** What the model returned; empty while it is under way and when the loop was left early. */
  Optional<T> result();

  /**
   * Ends the model if it is under way and closes the run of this loop.
   *
   * @throws TapscopeException what {@link Run#close} throws
   */
  @Override
  void close();
}
