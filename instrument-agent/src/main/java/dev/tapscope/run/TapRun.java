package dev.tapscope.run;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.ledger.Coverage;
import dev.tapscope.ledger.Ledger;
import dev.tapscope.ledger.Problem;
import dev.tapscope.ledger.Request;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Selection;
import dev.tapscope.profile.Selection.SiteRange;
import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Hook;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/**
 * The run of an agent. Woven calls report here on the model's threads; hooks and listeners run on
 * those threads, between them nothing is shared but the hooks and the ledger.
 */
public final class TapRun implements Run, TapBridge.Scopes {
  private static final int SECONDS_FOR_RUNNING_HOOKS = 20;

  /** Work on a model's thread that may fail in any way. */
  private interface Body {
    void run(ThreadState state) throws Throwable;
  }

  private final Profile profile;
  private final RunFolder folder;
  private final Consumer<TapscopeException> fatal;
  private final Ledger ledger = new Ledger();
  private final Sequences sequences;
  private final Decoder decoder;
  private final HookFailures failures;
  private final ThreadLocal<ThreadState> states = ThreadLocal.withInitial(ThreadState::new);
  private final List<Consumer<Pass>> beginListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Pass>> endListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Pass>> abortListeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> closeListeners = new CopyOnWriteArrayList<>();

  /** Held for reading while the run's code works on a model thread, so that close can wait. */
  private final ReentrantReadWriteLock working = new ReentrantReadWriteLock();

  private volatile Hooks hooks = Hooks.NONE;
  private volatile OptionalInt exitStatus = OptionalInt.empty();
  private volatile boolean observing;
  private volatile boolean closed;
  private volatile Runnable changed = () -> {};

  /**
   * @param err where failures are told when they happen
   * @param fatal called on the model's thread, outside the run, when the run cannot go on
   */
  public TapRun(
      Profile profile, RunFolder folder, PrintStream err, Consumer<TapscopeException> fatal) {
    this.profile = profile;
    this.folder = folder;
    this.fatal = fatal;
    this.failures = new HookFailures(err);
    this.decoder = new Decoder(profile.text(), err);
    this.sequences =
        new Sequences(
            profile.bos().orElse(-1),
            profile.sites().stream().anyMatch(s -> s.name().equals(Site.SAMPLED)));
  }

  @Override
  public void on(String sites, Phase phase, Hook hook) {
    Selection selection = Selection.parse(sites, profile);
    selection.ranges().forEach(TapRun::checkShowsRows);
    synchronized (this) {
      if (phase == Phase.REPLACE) {
        checkOnlyReplacer(selection);
      }
      for (SiteRange range : selection.ranges()) {
        ledger.request(request(range));
      }
      hooks = hooks.with(selection, phase, hook);
    }
    observe();
  }

  private static void checkShowsRows(SiteRange range) {
    if (range.site().equals(Site.TOKENS) || range.site().equals(Site.SAMPLED)) {
      throw TapscopeException.check(
          "site-unknown",
          "Site "
              + range.site()
              + " shows token ids, not rows of activations, so nothing can be attached to it; a run"
              + " folder always has the tokens.");
    }
  }

  private void checkOnlyReplacer(Selection selection) {
    for (Selection earlier : hooks.replacers()) {
      for (SiteRange a : earlier.ranges()) {
        for (SiteRange b : selection.ranges()) {
          if (a.site().equals(b.site()) && a.first() <= b.last() && b.first() <= a.last()) {
            throw TapscopeException.usage(
                "replace-twice",
                "Two edits replace "
                    + a
                    + " and "
                    + b
                    + ", which share an address; which one should win is not defined. Leave one of"
                    + " them out, or give them addresses apart.");
          }
        }
      }
    }
  }

  private Request request(SiteRange range) {
    Site site =
        profile.sites().stream()
            .filter(s -> s.name().equals(range.site()))
            .findFirst()
            .orElseThrow();
    return new Request(
        range.site(),
        range.first(),
        range.last(),
        site.rows() == Site.Rows.EVERY,
        sequences.nextPass());
  }

  @Override
  public void onPassBegin(Consumer<Pass> listener) {
    beginListeners.add(listener);
    observe();
  }

  @Override
  public void onPassEnd(Consumer<Pass> listener) {
    endListeners.add(listener);
    observe();
  }

  /** Called on the model's thread when a pass has ended with an exception. */
  public void onPassAborted(Consumer<Pass> listener) {
    abortListeners.add(listener);
  }

  @Override
  public void onClose(Runnable listener) {
    closeListeners.add(listener);
  }

  @Override
  public String text(int token) {
    ThreadState state = states.get();
    boolean busy = state.busy;
    state.busy = true;
    try {
      return decoder.text(token);
    } finally {
      state.busy = busy;
    }
  }

  @Override
  public RunFolder folder() {
    return folder;
  }

  public Ledger ledger() {
    return ledger;
  }

  /** Number of texts begun so far. */
  public int sequences() {
    return sequences.count();
  }

  /** Follows passes from now on, hooks or not. */
  public void observe() {
    observing = true;
    ledger.expectPasses();
    changed.run();
  }

  /** Whether anything follows the passes of the model. */
  public boolean observing() {
    return observing;
  }

  /** Calls back whenever the answer of {@link #observes} may have changed. */
  public void whenChanged(Runnable listener) {
    changed = listener;
  }

  /** Whether the woven calls of a site have to report here. */
  public boolean observes(String site) {
    boolean passes = site.equals(Site.TOKENS) || site.equals(Site.SAMPLED);
    return !closed && observing && (passes || hooks.touch(site));
  }

  @Override
  public void passEntered() {
    ThreadState state = states.get();
    if (!state.busy) {
      state.scopes.addFirst(new ThreadState.Scope(observing && !closed));
    }
  }

  @Override
  public void passLeft(boolean normally) {
    ThreadState state = states.get();
    if (!state.busy && !state.scopes.isEmpty()) {
      ThreadState.Scope scope = state.scopes.removeFirst();
      scope.pass.ifPresent(p -> work("the end of a pass", s -> end(p, normally)));
    }
  }

  @Override
  public void decoderBuilt(Object built) {
    decoder.built(built);
  }

  @Override
  public void exiting(int status) {
    exitStatus = OptionalInt.of(status);
  }

  /** The status somebody ended the JVM with, if somebody did. */
  public OptionalInt exitStatus() {
    return exitStatus;
  }

  /** A pass begins. */
  public void tokens(PassStart begun) {
    work(
        "the beginning of a pass",
        state -> {
          ThreadState.Scope scope = state.scope().orElseThrow();
          if (scope.observed) {
            scope.pass.ifPresent(earlier -> end(earlier, true));
            Pass pass =
                sequences.begin(begun.sequence(), begun.start(), begun.tokens(), state.sampled);
            scope.pass = Optional.of(ledger.open(pass));
            tell(beginListeners, pass, "a listener at the beginning of a pass");
          }
        });
  }

  /** A token id the model has chosen. */
  public void sampled(int token) {
    work("tap " + Site.SAMPLED, state -> state.sampled.add(token));
  }

  /** A value at a site. */
  public void fired(Site site, Shown shown) {
    work("tap " + site.name(), state -> fired(site, shown, state));
  }

  private void fired(Site site, Shown shown, ThreadState state) throws Throwable {
    Address address =
        site.layer().isPresent() ? Address.of(site.name(), shown.layer()) : Address.of(site.name());
    if (state.scope().isEmpty()) {
      ledger.outsidePass(address, Thread.currentThread().getName());
      return;
    }
    ThreadState.Scope scope = state.scope().get();
    if (scope.pass.isEmpty()) {
      if (scope.observed) {
        ledger.outsidePass(address, Thread.currentThread().getName());
      }
      return;
    }
    Coverage coverage = scope.pass.get();
    Pass pass = coverage.pass();
    Rows rows = shown.rows();
    int first = shown.first().orElse(pass.start());
    int positions = rows.positions();
    if (first < pass.start() || first - pass.start() > pass.rows() - positions) {
      ledger.outsidePositions(address, pass, first, positions);
      return;
    }
    coverage.saw(address, first, positions, rows.rows());
    for (Hooks.Attached hook : hooks.at(address)) {
      call(hook, new BorrowedActivation(address, pass, first, rows, hook.phase()));
    }
  }

  private void call(Hooks.Attached hook, BorrowedActivation activation) {
    try {
      hook.hook().on(activation);
    } catch (Throwable e) {
      activation.putBack();
      if (e instanceof TapscopeException stop) {
        throw stop;
      }
      failures.add("a hook at " + activation.address(), e);
      if (e instanceof VirtualMachineError error) {
        throw error;
      }
    } finally {
      activation.end();
    }
  }

  private void end(Coverage coverage, boolean normally) {
    if (normally) {
      ledger.completed(coverage);
      tell(endListeners, coverage.pass(), "a listener at the end of a pass");
    } else {
      ledger.aborted(coverage);
      tell(abortListeners, coverage.pass(), "a listener at the end of a pass");
    }
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

  /** Runs the run's own code on a model thread: never inside itself, never after the end. */
  private void work(String place, Body body) {
    ThreadState state = states.get();
    if (state.busy || closed) {
      return;
    }
    state.busy = true;
    working.readLock().lock();
    TapscopeException stop;
    try {
      if (!closed) {
        body.run(state);
      }
      return;
    } catch (TapscopeException e) {
      stop = e;
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      failures.add(place, e);
      return;
    } finally {
      working.readLock().unlock();
      state.busy = false;
    }
    fatal.accept(stop);
  }

  /**
   * Stops following the model, waits for hooks that are running, and tells the listeners. Whatever
   * the model computes from here on passes through.
   *
   * @return what went wrong in hooks and listeners
   */
  public List<Problem> close() {
    closed = true;
    changed.run();
    List<Problem> problems = new ArrayList<>();
    if (!quiet()) {
      problems.add(
          Problem.failed(
              "hook-stuck",
              "A hook was still running after "
                  + SECONDS_FOR_RUNNING_HOOKS
                  + " seconds when the run was closed; what it was about to write is missing."));
    }
    states.get().busy = true;
    for (Runnable listener : closeListeners) {
      try {
        listener.run();
      } catch (TapscopeException e) {
        problems.add(Problem.of(e));
      } catch (RuntimeException | Error e) {
        failures.add("a listener at the end of the run", e);
      }
    }
    problems.addAll(failures.problems());
    return problems;
  }

  private boolean quiet() {
    try {
      if (working.writeLock().tryLock(SECONDS_FOR_RUNNING_HOOKS, TimeUnit.SECONDS)) {
        working.writeLock().unlock();
        return true;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }
}
