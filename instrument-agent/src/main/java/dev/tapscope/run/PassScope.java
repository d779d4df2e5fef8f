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

  /** Whose pass it is; empty for one that no run follows. */
  final Optional<TapRun> run;

  /** The thread it was entered on. */
  final Thread thread = Thread.currentThread();

  /** The call it was made in, where that carries a pass as well. */
  final Optional<PassScope> outer;

  /** The account of the pass, once its tokens are known. */
  volatile Optional<Coverage> pass = Optional.empty();

  /** The model's cache object, or its thread. */
  volatile Object sequence = Thread.currentThread();

  volatile Optional<Cut> cut = Optional.empty();

  /** Fires whose hooks are running, counted where the pass is to end with the last of them. */
  final AtomicInteger showing = new AtomicInteger();

  private final AtomicInteger latestLayer = new AtomicInteger(Shown.NONE);

  PassScope(Optional<TapRun> run, Optional<PassScope> outer) {
    this.run = run;
    this.outer = outer;
  }

  /** The nearest of the calls it was made in whose pass has a cache object. */
  Optional<PassScope> outer(Object cache) {
    Optional<PassScope> nearest = outer;
    while (nearest.isPresent() && nearest.get().sequence != cache) {
      nearest = nearest.get().outer;
    }
    return nearest;
  }

  /** The pass ends here, and with it those of its run that it was made in. */
  void cut(Cut why) {
    cut = Optional.of(why);
    outer.filter(scope -> scope.run.equals(run)).ifPresent(scope -> scope.cut(why));
  }

  /** Another pass begins in the same call. */
  void begin(Coverage begun) {
    pass = Optional.of(begun);
    cut = Optional.empty();
    latestLayer.set(Shown.NONE);
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
