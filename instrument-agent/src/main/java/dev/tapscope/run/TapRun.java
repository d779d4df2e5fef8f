package dev.tapscope.run;

import dev.tapscope.ledger.Ledger;
import dev.tapscope.ledger.Problem;
import dev.tapscope.ledger.Request;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Selection;
import dev.tapscope.profile.Selection.SiteRange;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.Hook;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One run: its hooks, its account, its beginning and its end; its {@link ModelSide} does the rest.
 */
public final class TapRun implements Run {
  private static final int SECONDS_FOR_RUNNING_HOOKS = 20;

  /** A chain of causes may be a ring. */
  private static final int MOST_CAUSES = 32;

  private final Runs runs;
  private final long number;
  private final RunFolder folder;
  private final Ledger ledger = new Ledger();
  private final HookFailures failures;
  private final ModelSide side;
  private final List<Runnable> closeListeners = new CopyOnWriteArrayList<>();

  /** What the ledger expects on account of each hook, by the hook's place among all. */
  private final Map<Long, List<Ledger.Expectation>> expected = new ConcurrentHashMap<>();

  /** What lets go of the models that wait for the bodies of loops. */
  private final Set<Runnable> loops = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile Hooks hooks = Hooks.NONE;
  private volatile FailurePolicy policy = FailurePolicy.RETHROW;
  private volatile boolean stopWhenSeen;
  private volatile boolean observing;
  private volatile boolean following;
  private volatile boolean closed;
  private Optional<ThreadState> home = Optional.empty();
  private long openedIn = ThreadState.NONE;
  private long attached;

  /**
   * @param fatal called on the model's thread, outside the run, when the run cannot go on
   */
  TapRun(Runs runs, RunFolder folder, Consumer<TapscopeException> fatal) {
    this.runs = runs;
    this.number = runs.nextNumber();
    this.folder = folder;
    this.failures = new HookFailures(runs.err());
    this.side = new ModelSide(this, runs, ledger, failures, fatal);
  }

  /** Makes this the run of the passes that begin on a thread. */
  void enter(ThreadState state) {
    home = Optional.of(state);
    openedIn = state.working;
    state.runs.addFirst(this);
  }

  /** Its place among all, from 1. */
  long number() {
    return number;
  }

  /** Whether it was opened inside a hook of the run of that number. */
  boolean openedIn(long outer) {
    return openedIn == outer;
  }

  @Override
  public Attachment on(String sites, Phase phase, int priority, Hook hook) {
    return attach(sites, Hooks.Kind.VALUE, phase, priority, hook);
  }

  @Override
  public Attachment watch(String sites, Hook hook) {
    return attach(sites, Hooks.Kind.WATCH, Phase.READ_AFTER, 0, hook);
  }

  @Override
  public Attachment skip(String sites, Hook hook) {
    return attach(sites, Hooks.Kind.SKIP, Phase.REPLACE, 0, hook);
  }

  Attachment attach(String sites, Hooks.Kind kind, Phase phase, int priority, Hook hook) {
    Profile profile = runs.profile();
    Selection selection = Selection.parse(sites, profile);
    selection.ranges().forEach(range -> Attachable.check(range, kind, profile));
    Hooks.Attached one;
    synchronized (this) {
      checkOpen();
      one = new Hooks.Attached(selection, kind, phase, priority, hook, attached++);
      hooks = hooks.with(one);
    }
    observe();
    if (kind != Hooks.Kind.WATCH) { // asked for once its calls are on: not of a pass under way
      expected.put(
          one.order(),
          selection.ranges().stream().map(range -> ledger.request(request(range, kind))).toList());
    }
    return () -> detach(one);
  }

  void detach(Hooks.Attached one) {
    synchronized (this) {
      hooks = hooks.without(one);
    }
    Optional.ofNullable(expected.remove(one.order())).orElse(List.of()).forEach(ledger::withdraw);
    runs.changed();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("This run is closed; open another one.");
    }
  }

  private Request request(SiteRange range, Hooks.Kind kind) {
    boolean every =
        runs.profile().sites().stream()
            .anyMatch(s -> s.name().equals(range.site()) && s.rows() == Site.Rows.EVERY);
    // What stands in the place of a call is asked once a call, whatever positions it computes.
    return new Request(
        range.site(),
        range.first(),
        range.last(),
        every && kind != Hooks.Kind.SKIP,
        side.sequences().nextPass());
  }

  @Override
  public void edit(Map<String, String> saes, String... edits) {
    Map<String, String> options = new LinkedHashMap<>();
    saes.forEach((name, value) -> options.put("sae." + name, value));
    for (int i = 0; i < edits.length; i++) {
      options.put("edit." + (i + 1), edits[i]);
    }
    runs.extension().install(this, options);
  }

  @Override
  public void onFailure(FailurePolicy newPolicy) {
    policy = newPolicy;
  }

  @Override
  public void stopWhenSeen() {
    stopWhenSeen = true;
  }

  @Override
  public void onPassBegin(Consumer<Pass> listener) {
    checkOpen();
    side.onPassBegin(listener);
    observe();
  }

  @Override
  public void onPassEnd(Consumer<Pass> listener) {
    checkOpen();
    side.onPassEnd(listener);
    observe();
  }

  /** Called on the model's thread when a pass has ended with an exception. */
  public void onPassAborted(Consumer<Pass> listener) {
    side.onPassAborted(listener);
  }

  @Override
  public void onClose(Runnable listener) {
    checkOpen();
    closeListeners.add(listener);
  }

  @Override
  public String text(int token) {
    ThreadState state = runs.state();
    boolean off = state.off;
    state.off = true;
    try {
      return runs.decoder().text(token);
    } finally {
      state.off = off;
    }
  }

  @Override
  public RunFolder folder() {
    return folder;
  }

  public Ledger ledger() {
    return ledger;
  }

  @Override
  public Map<Address, Long> fires() {
    return ledger.lines().stream()
        .collect(Collectors.toMap(Ledger.Line::address, Ledger.Line::fires, Long::sum));
  }

  /** Number of texts begun so far. */
  public int sequences() {
    return side.sequences().count();
  }

  /** What the model's threads meet. */
  ModelSide side() {
    return side;
  }

  Hooks hooks() {
    return hooks;
  }

  FailurePolicy failurePolicy() {
    return policy;
  }

  boolean stopsWhenSeen() {
    return stopWhenSeen;
  }

  boolean closed() {
    return closed;
  }

  /** Whether Java code has opened it; else it is the agent's own, and ends with the JVM. */
  boolean openedInJava() {
    return home.isPresent();
  }

  /** Something of the run itself failed on a model's thread. */
  void failed(String place, Throwable cause) {
    failures.add(place, cause);
  }

  /** Follows passes from now on, hooks or not. */
  public void observe() {
    observing = true;
    ledger.expectPasses();
    runs.changed();
    following = true; // once the tokens of a pass are sure to be reported
  }

  /** Whether the passes of the model are followed; also once the run is closed. */
  public boolean observed() {
    return observing;
  }

  /** Whether woven calls are to report the passes of the model. */
  boolean observing() {
    return observing && !closed;
  }

  /** Whether a pass that begins now is to be followed. */
  boolean following() {
    return following && !closed;
  }

  @Override
  public <T> Optional<T> call(Callable<T> model) throws Exception {
    checkOpen();
    ThreadState state = runs.state();
    boolean elsewhere = state.runs.peekFirst() != this;
    if (elsewhere) {
      state.runs.addFirst(this);
    }
    try {
      return Optional.ofNullable(model.call());
    } catch (Exception | Error e) {
      if (endedEarly(e)) {
        return Optional.empty();
      }
      throw e;
    } finally {
      if (elsewhere) {
        state.runs.remove(this);
      }
    }
  }

  /** Whether that is this run's own stop, or what a pool of the model's has wrapped around it. */
  private boolean endedEarly(Throwable thrown) {
    return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause)
        .limit(MOST_CAUSES)
        .anyMatch(t -> t instanceof StopForward stop && stop.isOf(this));
  }

  @Override
  public <T> Steps<T> steps(String sites, Callable<T> model) {
    return new Stepping<>(this, sites, model, () -> {});
  }

  /** Like {@link #steps}; closing the loop closes this run. */
  public <T> Steps<T> stepsAlone(String sites, Callable<T> model) {
    return new Stepping<>(this, sites, model, this::close);
  }

  /**
   * Stops following the model, waits for hooks that are running, and tells the listeners. Whatever
   * the model computes from here on passes through.
   *
   * @return what went wrong in hooks and listeners
   */
  public List<Problem> finish() {
    synchronized (this) { // a hook is attached before it, or not at all
      closed = true;
    }
    loops.forEach(Runnable::run);
    home.ifPresent(state -> state.runs.remove(this));
    runs.remove(this);
    List<Problem> problems = new ArrayList<>();
    if (!quiet()) {
      problems.add(
          Problem.failed(
              "hook-stuck",
              "A hook was still running after "
                  + SECONDS_FOR_RUNNING_HOOKS
                  + " seconds when the run was closed; what it was about to write is missing."));
    }
    ThreadState here = runs.state();
    boolean off = here.off;
    here.off = true;
    try {
      for (Runnable listener : closeListeners) {
        try {
          listener.run();
        } catch (TapscopeException e) {
          problems.add(Problem.of(e));
        } catch (RuntimeException | Error e) {
          failures.add("a listener at the end of the run", e);
        }
      }
    } finally {
      here.off = off;
    }
    problems.addAll(failures.problems());
    return problems;
  }

  private boolean quiet() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_FOR_RUNNING_HOOKS);
    boolean interrupted = false;
    boolean working = runs.working(this);
    while (working && System.nanoTime() < end) {
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
      interrupted |= Thread.interrupted(); // else it would not park
      working = runs.working(this);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !working;
  }

  /** Has a loop told when the run is closed, until it is over by itself. */
  Attachment endsWithThis(Runnable loop) {
    loops.add(loop);
    return () -> loops.remove(loop);
  }

  @Override
  public void close() {
    if (home.isEmpty()) {
      throw new IllegalStateException("The agent's own run ends with the JVM.");
    }
    if (closing.getAndSet(true)) {
      return;
    }
    List<Problem> problems = finish();
    if (observing) {
      problems.addAll(runs.broken());
      problems.addAll(ledger.verdict(runs.wording()));
    }
    if (!problems.isEmpty()) {
      throw complaint(problems);
    }
  }

  private static TapscopeException complaint(List<Problem> problems) {
    Problem first = problems.get(0);
    String sentences =
        problems.stream().map(Problem::sentence).distinct().collect(Collectors.joining(" "));
    return first.exit() == TapscopeException.CHECK
        ? TapscopeException.check(first.id(), sentences)
        : TapscopeException.failed(first.id(), sentences);
  }
}
