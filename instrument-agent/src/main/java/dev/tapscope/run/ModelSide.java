package dev.tapscope.run;

import dev.tapscope.ledger.Coverage;
import dev.tapscope.ledger.Ledger;
import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The side of a run that the model's threads meet: passes begin and end, values come, hooks and
 * listeners are called, and what they throw is dealt with. {@link Runs} brings it the passes and
 * fires that are the run's own. Between the threads nothing is shared but the hooks and the ledger.
 */
final class ModelSide {
  /** Work on a model's thread that may fail in any way. */
  interface Body {
    void run() throws Throwable;
  }

  private final TapRun run;
  private final Runs runs;
  private final Ledger ledger;
  private final Sequences sequences;
  private final HookFailures failures;
  private final Consumer<TapscopeException> fatal;
  private final List<Consumer<Pass>> beginListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Pass>> endListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Pass>> abortListeners = new CopyOnWriteArrayList<>();

  ModelSide(
      TapRun run,
      Runs runs,
      Ledger ledger,
      HookFailures failures,
      Consumer<TapscopeException> fatal) {
    this.run = run;
    this.runs = runs;
    this.ledger = ledger;
    this.sequences = new Sequences(runs.profile());
    this.failures = failures;
    this.fatal = fatal;
  }

  void onPassBegin(Consumer<Pass> listener) {
    beginListeners.add(listener);
  }

  void onPassEnd(Consumer<Pass> listener) {
    endListeners.add(listener);
  }

  void onPassAborted(Consumer<Pass> listener) {
    abortListeners.add(listener);
  }

  Sequences sequences() {
    return sequences;
  }

  Ledger ledger() {
    return ledger;
  }

  ThreadState state() {
    return runs.state();
  }

  /** A pass begins. */
  void begin(ThreadState state, PassScope scope, PassStart begun) {
    work(
        state,
        "the beginning of a pass",
        () -> {
          scope.pass.ifPresent(earlier -> end(scope, earlier, true));
          Object sequence = begun.sequence();
          int start = begun.start();
          runs.begun(scope, sequence, start);
          Pass pass = sequences.begin(sequence, start, begun.tokens(), state.sampled);
          scope.begin(new Coverage(pass, run.stopsWhenSeen()));
          tell(beginListeners, pass, "a listener at the beginning of a pass");
        });
  }

  /** The call that carried the pass is over. */
  void ended(ThreadState state, PassScope scope, boolean normally) {
    if (scope.pass.isPresent()) {
      work(state, "the end of a pass", () -> end(scope, scope.pass.get(), normally));
    }
  }

  private void end(PassScope scope, Coverage coverage, boolean normally) {
    if (scope.cut.isEmpty()) {
      end(coverage, normally);
      return;
    }
    runs.cut(scope);
    ledger.cut(coverage);
    boolean seen = scope.cut.get() == PassScope.Cut.SEEN;
    tell(seen ? endListeners : abortListeners, coverage.pass(), "a listener at the end of a pass");
    if (normally) {
      failures.stopSwallowed();
    }
  }

  private void end(Coverage coverage, boolean normally) {
    if (normally) {
      ledger.completed(coverage);
    } else {
      ledger.aborted(coverage);
    }
    tell(
        normally ? endListeners : abortListeners,
        coverage.pass(),
        "a listener at the end of a pass");
  }

  private void tell(List<Consumer<Pass>> listeners, Pass pass, String who) {
    for (Consumer<Pass> listener : listeners) {
      try {
        listener.accept(pass);
      } catch (TapscopeException | VirtualMachineError e) {
        throw e;
      } catch (RuntimeException | Error e) {
        failures.add(who, e);
      }
    }
  }

  /** A value at a site, in a pass of this run. Written out, not by {@link #work}: it is hot. */
  Object fired(ThreadState state, PassScope scope, Shown shown, Object[] passed, Object value) {
    Throwable failure;
    long before = enterHooks(state);
    try {
      return run.closed() ? value : fire(scope, shown, passed, value);
    } catch (Throwable e) {
      failure = e;
    } finally {
      state.leave(before);
    }
    outside("tap " + shown.site().name(), failure);
    return value;
  }

  private Object fire(PassScope scope, Shown shown, Object[] passed, Object value)
      throws Throwable {
    if (scope.cut.isPresent()) {
      return value; // the model is unwinding, or one of its workers is late
    }
    Site site = shown.site();
    int layer = site.layered() ? shown.layer(passed, scope) : Address.NO_LAYER;
    if (site.layered() && layer == Shown.NONE) {
      return value;
    }
    if (scope.pass.isEmpty()) {
      ledger.outsidePass(site.name(), Thread.currentThread().getName(), 0);
      return value;
    }
    Address address = shown.address(layer);
    Coverage coverage = scope.pass.get();
    Rows rows = shown.rows(value, passed);
    int first = shown.first(passed, coverage.pass().start());
    Lent lent = new Lent(shown, passed, value, rows); // last: made between calls it costs more
    return coverage.watched()
        ? showUpToTheLast(scope, coverage, address, first, lent)
        : show(scope, coverage, address, first, lent);
  }

  /** Ends the pass once everything was seen, and every hook that was shown it is done with it. */
  private Object showUpToTheLast(
      PassScope scope, Coverage coverage, Address address, int first, Lent lent) {
    Object tensor;
    scope.showing.incrementAndGet();
    try {
      tensor = show(scope, coverage, address, first, lent);
    } finally {
      scope.showing.decrementAndGet();
    }
    // In this order: all that was seen was shown by someone counted before.
    if (ledger.seen(coverage) && scope.showing.get() == 0) {
      throw cut(scope, PassScope.Cut.SEEN);
    }
    return tensor;
  }

  /** Apart from {@link #fire}: the compiler takes up no method of more than 325 bytes. */
  private Object show(PassScope scope, Coverage coverage, Address address, int first, Lent lent) {
    Rows rows = lent.rows();
    if (!coverage.saw(address, first, rows.positions(), rows.rows())) {
      ledger.outsidePositions(address, coverage.pass(), first, rows.positions());
      return lent.tensor();
    }
    TapEvents.Fire event = runs.events().begin();
    for (Hooks.Attached hook : run.hooks().at(address)) {
      call(
          hook,
          new BorrowedActivation(address, scope, coverage.pass(), first, lent, hook.phase()),
          scope);
    }
    event.end(address, first, rows.rows());
    return lent.tensor();
  }

  /** Ends a pass here: what is thrown unwinds the model. */
  private StopForward cut(PassScope scope, PassScope.Cut why) {
    scope.cut(why);
    return new StopForward(run);
  }

  void call(Hooks.Attached hook, BorrowedActivation activation, PassScope scope) {
    try {
      hook.hook().on(activation);
    } catch (Stepping.Left left) {
      throw cut(scope, PassScope.Cut.LEFT);
    } catch (Throwable e) {
      activation.putBack();
      failedHook(hook, activation.address(), e);
    } finally {
      activation.end();
    }
  }

  private void failedHook(Hooks.Attached hook, Address address, Throwable cause) {
    if (cause instanceof TapscopeException stop) {
      if (run.openedInJava()) {
        failures.remember(stop);
      }
      throw stop;
    }
    String place = "a hook at " + address;
    failures.add(place, cause);
    if (cause instanceof VirtualMachineError error) {
      throw error;
    }
    if (run.failurePolicy() == FailurePolicy.RETHROW) {
      throw TapscopeException.failed(
          "hook-failed",
          "A hook in phase " + hook.phase() + " at " + address + " failed: " + cause,
          cause);
    }
    if (run.failurePolicy() == FailurePolicy.DETACH_HOOK) {
      run.detach(hook);
    }
  }

  /** The hook that stands in the place of a call now, if one does. */
  Optional<Skipped> skip(ThreadState state, PassScope scope, Shown shown, Object[] passed) {
    if (run.closed() || scope.pass.isEmpty() || scope.cut.isPresent()) {
      return Optional.empty();
    }
    Site site = shown.site();
    List<Skipped> found = new ArrayList<>(1);
    work(
        state,
        "tap " + site.name(),
        () -> {
          int layer = site.layered() ? shown.layer(passed, scope) : Address.NO_LAYER;
          if (!site.layered() || layer != Shown.NONE) {
            Address address = shown.address(layer);
            run.hooks()
                .skip(address)
                .ifPresent(hook -> found.add(new Skipped(this, scope, address, hook)));
          }
        });
    return found.stream().findFirst();
  }

  /** Runs the run's own code on a model thread: never inside itself, never after the end. */
  void work(ThreadState state, String place, Body body) {
    Throwable failure;
    long before = enterHooks(state);
    try {
      if (!run.closed()) {
        body.run();
      }
      return;
    } catch (Throwable e) {
      failure = e;
    } finally {
      state.leave(before);
    }
    outside(place, failure);
  }

  private long enterHooks(ThreadState state) {
    long before = state.working;
    // Before closed is looked at: a run that closes sees one or the other.
    state.working = run.number();
    return before;
  }

  /** Deals with a failure once the taps are on again. */
  private void outside(String place, Throwable failure) {
    if (failure instanceof StopForward stop) {
      throw stop;
    }
    if (failure instanceof VirtualMachineError error) {
      throw error;
    }
    if (failure instanceof TapscopeException stop) {
      // The run of the agent ends with it, and says so itself; hooks are counted where they fail.
      if (run.openedInJava() && !stop.id().equals("hook-failed")) {
        failures.remember(stop);
      }
      fatal.accept(stop);
    } else {
      failures.add(place, failure);
    }
  }
}
