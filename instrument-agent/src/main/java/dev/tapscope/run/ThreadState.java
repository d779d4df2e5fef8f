package dev.tapscope.run;

import dev.tapscope.ledger.Coverage;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** What a run knows of one model thread. */
final class ThreadState {
  /** One running call of the method that carries the tokens. */
  static final class Scope {
    /** False for a call that began before the run observed anything: it has no pass. */
    final boolean observed;

    Optional<Coverage> pass = Optional.empty();

    Scope(boolean observed) {
      this.observed = observed;
    }
  }

  /** Calls under way, the innermost first. */
  final Deque<Scope> scopes = new ArrayDeque<>();

  final Sampled sampled = new Sampled();

  /** Whether the run's own code is running: taps that fire meanwhile pass through. */
  boolean busy;

  Optional<Scope> scope() {
    return Optional.ofNullable(scopes.peekFirst());
  }
}
