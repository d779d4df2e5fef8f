package dev.tapscope.run;

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
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One run: its hooks, its passes, its account. {@link Runs} brings it the fires of its own passes,
 * on the model's threads; hooks and listeners run on those threads, and between them nothing is
 * shared but the hooks and the ledger.
 */
public final class TapRun implements Run {
  private static final int SECONDS_FOR_RUNNING_HOOKS = 20;

  /** A chain of causes may be a ring. */
  private static final int MOST_CAUSES = 32;

  /** Work on a model's thread that may fail in any way. */
  private interface Body {
    void run() throws Throwable;
  }

  private final Runs runs;
  private final RunFolder folder;
  private final Consumer<TapscopeException> fatal;
  private final Ledger ledger = new Ledger();
  private final Sequences sequences;
  private final HookFailures failures;
  private final List<Consumer<Pass>> beginListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Pass>> endListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Pass>> abortListeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> closeListeners = new CopyOnWriteArrayList<>();

  /** What the ledger expects on account of each hook, by the hook's place among all. */
  private final Map<Long, List<Ledger.Expectation>> expected = new ConcurrentHashMap<>();

  /** What lets go of the models that wait for the bodies of loops. */
  private final Set<Runnable> loops = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile Hooks hooks = Hooks.NONE;
  private volatile FailurePolicy policy = FailurePolicy.RETHROW;
  private volatile TapEvents events = TapEvents.NONE;
  private volatile boolean stopWhenSeen;
  private volatile boolean observing;
  private volatile boolean following;
  private volatile boolean closed;
  private Optional<ThreadState> home = Optional.empty();
  private Optional<TapRun> openedIn = Optional.empty();
  private long attached;

  /**
   * @param fatal called on the model's thread, outside the run, when the run cannot go on
   */
  TapRun(Runs runs, RunFolder folder, Consumer<TapscopeException> fatal) {
    this.runs = runs;
    this.folder = folder;
    this.fatal = fatal;
    this.failures = new HookFailures(runs.err());
    this.sequences = new Sequences(runs.profile());
  }

  /** Makes this the run of the passes that begin on a thread. */
  void enter(ThreadState state) {
    home = Optional.of(state);
    openedIn = Optional.ofNullable(state.working);
    state.runs.addFirst(this);
  }

  /** Whether it was opened inside a hook of that run. */
  boolean openedIn(TapRun outer) {
    return openedIn.isPresent() && openedIn.get() == outer;
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

  private void detach(Hooks.Attached one) {
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
        sequences.nextPass());
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

  /** Tells the JDK's flight recorder of every fire from now on. */
  public void record(TapEvents recorder) {
    events = recorder;
  }

  @Override
  public void onPassBegin(Consumer<Pass> listener) {
    checkOpen();
    beginListeners.add(listener);
    observe();
  }

  @Override
  public void onPassEnd(Consumer<Pass> listener) {
    checkOpen();
    endListeners.add(listener);
    observe();
  }

  /** Called on the model's thread when a pass has ended with an exception. */
  public void onPassAborted(Consumer<Pass> listener) {
    abortListeners.add(listener);
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
    return sequences.count();
  }

  Hooks hooks() {
    return hooks;
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
          scope.begin(new Coverage(pass));
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
  Object fired(ThreadState state, PassScope scope, Site site, Shown shown, Object value) {
    Throwable failure;
    TapRun before = enterHooks(state);
    try {
      return closed ? value : fire(scope, site, shown, value);
    } catch (Throwable e) {
      failure = e;
    } finally {
      leaveHooks(state, before);
    }
    outside("tap " + site.name(), failure);
    return value;
  }

  private Object fire(PassScope scope, Site site, Shown shown, Object value) throws Throwable {
    if (scope.cut.isPresent()) {
      return value; // the model is unwinding, or one of its workers is late
    }
    int layer = site.layered() ? shown.layer(scope) : Address.NO_LAYER;
    if (site.layered() && layer == Shown.NONE) {
      return value;
    }
    if (scope.pass.isEmpty()) {
      ledger.outsidePass(site.name(), Thread.currentThread().getName(), 0);
      return value;
    }
    Address address = shown.address(layer);
    Coverage coverage = scope.pass.get();
    Lent lent = new Lent(site, shown, value, shown.rows(value));
    int first = shown.first(coverage.pass().start());
    return stopWhenSeen
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
    if (scope.showing.get() == 0 && ledger.seen(coverage)) {
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
    TapEvents.Fire event = events.begin();
    for (Hooks.Attached hook : hooks.at(address)) {
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
    return new StopForward(this);
  }

  private void call(Hooks.Attached hook, BorrowedActivation activation, PassScope scope) {
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
      if (home.isPresent()) {
        failures.remember(stop);
      }
      throw stop;
    }
    String place = "a hook at " + address;
    failures.add(place, cause);
    if (cause instanceof VirtualMachineError error) {
      throw error;
    }
    if (policy == FailurePolicy.RETHROW) {
      throw TapscopeException.failed(
          "hook-failed",
          "A hook in phase " + hook.phase() + " at " + address + " failed: " + cause,
          cause);
    }
    if (policy == FailurePolicy.DETACH_HOOK) {
      detach(hook);
    }
  }

  /** The hook that stands in the place of a call now, if one does. */
  Optional<Skipped> skip(ThreadState state, PassScope scope, Site site, Shown shown) {
    if (closed || scope.pass.isEmpty() || scope.cut.isPresent()) {
      return Optional.empty();
    }
    List<Skipped> found = new ArrayList<>(1);
    work(
        state,
        "tap " + site.name(),
        () -> {
          int layer = site.layered() ? shown.layer(scope) : Address.NO_LAYER;
          if (!site.layered() || layer != Shown.NONE) {
            Address address = shown.address(layer);
            hooks.skip(address).ifPresent(hook -> found.add(new Skipped(scope, address, hook)));
          }
        });
    return found.stream().findFirst();
  }

  /** A call that is left out. */
  public final class Skipped {
    private final PassScope scope;
    private final Address address;
    private final Hooks.Attached hook;

    private Skipped(PassScope scope, Address address, Hooks.Attached hook) {
      this.scope = scope;
      this.address = address;
      this.hook = hook;
    }

    /**
     * Lets the hook fill what the call would have made.
     *
     * @param form makes an object of the form of the result, which the hook may write into
     * @return empty when there is nothing to supply and the call is to be made
     */
    public Optional<Object> supply(Site site, Shown shown, Supplier<Object> form) {
      ThreadState state = runs.state();
      List<Object> supplied = new ArrayList<>(1);
      work(
          state,
          "tap " + site.name(),
          () -> {
            Coverage coverage = scope.pass.orElseThrow();
            Object like = form.get();
            Rows rows = shown.rows(like);
            int first = shown.first(coverage.pass().start());
            if (!coverage.saw(address, first, rows.positions(), rows.rows())) {
              ledger.outsidePositions(address, coverage.pass(), first, rows.positions());
              return;
            }
            coverage.skipped(address.layer());
            Lent lent = new Lent(site, shown, like, rows);
            call(
                hook,
                new BorrowedActivation(address, scope, coverage.pass(), first, lent, hook.phase()),
                scope);
            supplied.add(lent.tensor());
          });
      return supplied.stream().findFirst();
    }
  }

  /** Something of the run itself failed on a model's thread. */
  void failed(String place, Throwable cause) {
    failures.add(place, cause);
  }

  /** Runs the run's own code on a model thread: never inside itself, never after the end. */
  private void work(ThreadState state, String place, Body body) {
    Throwable failure;
    TapRun before = enterHooks(state);
    try {
      if (!closed) {
        body.run();
      }
      return;
    } catch (Throwable e) {
      failure = e;
    } finally {
      leaveHooks(state, before);
    }
    outside(place, failure);
  }

  private TapRun enterHooks(ThreadState state) {
    TapRun before = state.working;
    state.working = this; // before closed is looked at: a run that closes sees one or the other
    return before;
  }

  private static void leaveHooks(ThreadState state, TapRun before) {
    state.leave(before);
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
      if (home.isPresent() && !stop.id().equals("hook-failed")) {
        failures.remember(stop);
      }
      fatal.accept(stop);
    } else {
      failures.add(place, failure);
    }
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
