package dev.tapscope.run;

import dev.tapscope.ledger.Coverage;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One running call of the method that carries the tokens.
 *
 * <p>Used by the thread of the call, and by the model's worker threads while they work for it.
 */
final class PassScope implements Shown.Layers {
  /** Why the rest of a pass is not wanted. */
  enum Cut {
    /** Everything asked for has been seen. */
    SEEN,
    /** Whoever stepped through it has left. */
    LEFT
  }

  /** Whose pass it is; empty for a call that began before a run observed anything. */
  final Optional<TapRun> run;

  /** The account of the pass, once its tokens are known. */
  volatile Optional<Coverage> pass = Optional.empty();

  /** The model's cache object, or its thread. */
  volatile Object sequence = Thread.currentThread();

  volatile Optional<Cut> cut = Optional.empty();

  private final AtomicInteger latestLayer = new AtomicInteger(Shown.NONE);

  PassScope(Optional<TapRun> run) {
    this.run = run;
  }

  @Override
  public int latest() {
    return latestLayer.get();
  }

  @Override
  public void enter(int layer) {
    if (layer > latestLayer.get()) {
      latestLayer.accumulateAndGet(layer, Math::max);
    }
  }
}
