package dev.tapscope.run;

import com.google.common.collect.MapMaker;
import dev.tapscope.ledger.Problem;
import dev.tapscope.ledger.Wording;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.Extension;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * All runs over the woven classes of one profile. Woven calls report here, on the model's threads;
 * from here each goes to the run whose pass it belongs to:
 *
 * <ul>
 *   <li>a pass belongs to the innermost run of the thread it begins on, else to the standing run;
 *   <li>a fire belongs to the pass of the cache object its site names, else to the pass under way
 *       on its thread, else to the one pass under way at all.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class Runs {
  private final Profile profile;
  private final PrintStream err;
  private final Decoder decoder;
  private final Map<Thread, ThreadState> byThread = new MapMaker().weakKeys().makeMap();
  private final ThreadLocal<ThreadState> states = ThreadLocal.withInitial(this::newState);
  private final AtomicLong numbers = new AtomicLong(ThreadState.NONE);
  private final List<TapRun> open = new CopyOnWriteArrayList<>();
  private final Set<PassScope> underWay = ConcurrentHashMap.newKeySet();
  private final ConcurrentMap<Object, PassScope> byCache = new MapMaker().weakKeys().makeMap();

  /** Cache objects a pass was cut short in the middle of. */
  private final Map<Object, Boolean> halfWritten = new MapMaker().weakKeys().makeMap();

  private volatile Optional<TapRun> standing = Optional.empty();
  private volatile boolean held;
  private final Set<Thread> enteredWhileHeld = ConcurrentHashMap.newKeySet();
  private volatile Runnable changed = () -> {};
  private volatile Supplier<List<Problem>> broken = List::of;
  private volatile Predicate<String> woven = owner -> true;
  private volatile TapEvents events = TapEvents.NONE;
  private volatile Supplier<Extension> extension =
      () -> {
        throw new IllegalStateException("nothing here follows the options of SAEs and edits");
      };

  /**
   * @param err where failures are told when they happen
   */
  public Runs(Profile profile, PrintStream err) {
    this.profile = profile;
    this.err = err;
    this.decoder = new Decoder(profile.text(), err);
  }

  private ThreadState newState() {
    ThreadState state = new ThreadState();
    byThread.put(Thread.currentThread(), state);
    return state;
  }

  public Profile profile() {
    return profile;
  }

  Decoder decoder() {
    return decoder;
  }

  PrintStream err() {
    return err;
  }

  long nextNumber() {
    return numbers.incrementAndGet();
  }

  ThreadState state() {
    return states.get();
  }

  /**
   * Makes the run of passes that belong to no other.
   *
   * @param fatal called on the model's thread, outside the run, when the run cannot go on
   */
  public TapRun stand(RunFolder folder, Consumer<TapscopeException> fatal) {
    TapRun run = new TapRun(this, folder, fatal);
    run.onFailure(FailurePolicy.PASS_THROUGH);
    standing = Optional.of(run);
    open.add(run);
    return run;
  }

  /** Opens a run on the calling thread. */
  public TapRun open(RunFolder folder) {
    TapRun run =
        new TapRun(
            this,
            folder,
            cause -> {
              throw cause;
            });
    open.add(run);
    run.enter(states.get());
    return run;
  }

  /**
   * Admits no further pass to the standing run until {@link #release}; those under way go on. While
   * it is held, fires that belong to no pass are those of a pass that began before its method was
   * woven, and are passed over.
   */
  public void hold() {
    enteredWhileHeld.clear();
    held = true;
  }

  /** Admits passes again. */
  public void release() {
    held = false;
  }

  /** Threads on which a pass was seen to begin since passes are held. */
  public Set<Thread> enteredWhileHeld() {
    return Set.copyOf(enteredWhileHeld);
  }

  /** Number of passes of a run that are under way. */
  public long underWay(TapRun run) {
    return underWay.stream().filter(scope -> scope.run.filter(run::equals).isPresent()).count();
  }

  void remove(TapRun run) {
    open.remove(run);
    if (standing.filter(run::equals).isPresent()) {
      standing = Optional.empty();
    }
    changed.run();
  }

  /** Whether the agent's own run stands, which no one can close. */
  public boolean anyStanding() {
    return standing.isPresent();
  }

  /** Whether a run has been opened and not yet closed. */
  public boolean anyOpen() {
    return !open.isEmpty();
  }

  /** Calls back whenever the answer of {@link #observes} may have changed. */
  public void whenChanged(Runnable listener) {
    changed = listener;
  }

  void changed() {
    changed.run();
  }

  /** Asks there whether a class, named as in the profile, was loaded and woven. */
  public void woven(Predicate<String> weaving) {
    woven = weaving;
  }

  /** Asks there for the taps that could not be woven or linked, which a run is to be told of. */
  public void broken(Supplier<List<Problem>> taps) {
    broken = taps;
  }

  List<Problem> broken() {
    return broken.get();
  }

  /** Tells there of every fire of every run. */
  public void recordTo(TapEvents recorder) {
    events = recorder;
  }

  TapEvents events() {
    return events;
  }

  /** Gets there what follows the options of SAEs and edits. */
  public void extendBy(Supplier<Extension> loader) {
    extension = loader;
  }

  Extension extension() {
    return extension.get();
  }

  /** What stayed silent, in words. */
  public Wording wording() {
    return new Wording(profile, woven);
  }

  /** Whether the woven calls of a site have to report here. */
  public boolean observes(Site site) {
    boolean passes = site.name().equals(Site.TOKENS) || site.name().equals(Site.SAMPLED);
    return open.stream()
        .anyMatch(run -> run.observing() && (passes || run.hooks().touch(site.name())));
  }

  /** The method that carries the tokens was entered. */
  public void passEntered() {
    ThreadState state = states.get();
    Optional<TapRun> run =
        state.muted() ? Optional.empty() : current(state).filter(TapRun::following);
    PassScope scope = new PassScope(run, Optional.ofNullable(state.scope));
    state.scope = scope;
    underWay.add(scope); // also where no run follows: its workers are not another's
    if (held) {
      enteredWhileHeld.add(Thread.currentThread());
    }
  }

  private Optional<TapRun> current(ThreadState state) {
    TapRun own = state.runs.peekFirst();
    return own == null ? standing.filter(run -> !held) : Optional.of(own);
  }

  /** That method was left, by a return or by an exception. */
  public void passLeft(boolean normally) {
    ThreadState state = states.get();
    PassScope scope = state.scope;
    if (scope == null) {
      return; // entered before it was woven
    }
    state.scope = scope.outer.orElse(null);
    underWay.remove(scope);
    if (byCache.remove(scope.sequence, scope)) {
      scope.outer(scope.sequence).ifPresent(outer -> byCache.put(outer.sequence, outer));
    }
    if (!state.muted()) {
      scope.run.ifPresent(run -> run.side().ended(state, scope, normally));
    }
  }

  /** The constructor of the model's own token decoder has returned. */
  public void decoderBuilt(Object built) {
    decoder.built(built);
  }

  /** A pass begins. */
  public void tokens(PassStart begun) {
    ThreadState state = states.get();
    PassScope scope = state.scope;
    if (scope == null) {
      return;
    }
    if (scope.run.isEmpty()) {
      beginUnfollowed(state, scope, begun);
    } else if (!state.muted()) {
      scope.run.get().side().begin(state, scope, begun);
    }
  }

  /** Remembers the cache of a pass that no run follows, so that its workers can be told apart. */
  private void beginUnfollowed(ThreadState state, PassScope scope, PassStart begun) {
    boolean off = state.off;
    state.off = true;
    try {
      carries(scope, begun.sequence());
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      err.println("tapscope: The cache of a pass that no run follows cannot be read: " + e);
    } finally {
      state.off = off;
    }
  }

  private void carries(PassScope scope, Object sequence) {
    byCache.remove(scope.sequence, scope);
    scope.sequence = sequence;
    byCache.put(sequence, scope);
  }

  /** A pass of a model object is under way; {@code sequence} is its cache object. */
  void begun(PassScope scope, Object sequence, int start) {
    carries(scope, sequence);
    if (start == 0) {
      halfWritten.remove(sequence);
    } else if (halfWritten.containsKey(sequence)) {
      throw TapscopeException.failed(
          "cache-half-written",
          "A pass from position "
              + start
              + " builds on a cache that an earlier pass, ended early, has written in part only."
              + " Begin again at position 0 with a new cache.");
    }
  }

  /** A pass was cut short. */
  void cut(PassScope scope) {
    halfWritten.put(scope.sequence, true);
  }

  /** A token id the model has chosen. */
  public void sampled(int token) {
    ThreadState state = states.get();
    if (!state.muted()) {
      state.sampled.add(token);
    }
  }

  /**
   * A value at a site.
   *
   * @param passed what the woven call has passed beside the value
   * @return what the model goes on with
   */
  public Object fired(Shown shown, Object[] passed, Object value) {
    ThreadState state = states.get();
    if (state.muted()) {
      return value;
    }
    Optional<PassScope> scope = scope(state, shown, passed);
    if (scope.isPresent() && scope.get().run.isPresent()) {
      return scope.get().run.get().side().fired(state, scope.get(), shown, passed, value);
    }
    return value;
  }

  /** The hook that stands in the place of a call now, if one does. */
  public Optional<Skipped> skip(Shown shown, Object[] passed) {
    ThreadState state = states.get();
    if (state.muted()) {
      return Optional.empty();
    }
    Optional<PassScope> scope = scope(state, shown, passed);
    return scope.isEmpty() || scope.get().run.isEmpty()
        ? Optional.empty()
        : scope.get().run.get().side().skip(state, scope.get(), shown, passed);
  }

  /** The pass a fire belongs to; empty, and told to whom it concerns, where nothing says. */
  private Optional<PassScope> scope(ThreadState state, Shown shown, Object[] passed) {
    Site site = shown.site();
    PassScope own = state.scope;
    if (site.cache().isPresent()) {
      Optional<Object> cache = cache(state, shown, passed);
      Optional<PassScope> named = cache.map(byCache::get);
      if (named.isPresent() && !inHookOf(state, named.get())) {
        return named;
      }
      if (named.isEmpty() && cache.isPresent() && own == null) {
        return Optional.empty(); // a worker of a pass that is over, or that nothing follows
      }
    }
    if (own != null && !inHookOf(state, own)) {
      return Optional.of(own);
    }
    List<PassScope> candidates =
        underWay.stream().filter(scope -> !inHookOf(state, scope)).toList();
    if (candidates.size() == 1) {
      return Optional.of(candidates.get(0));
    }
    if (held) {
      return Optional.empty();
    }
    open.stream()
        .filter(run -> run.number() != state.working && run.hooks().touch(site.name()))
        .forEach(run ->
            run.ledger()
                .outsidePass(site.name(), Thread.currentThread().getName(), candidates.size()));
    return Optional.empty();
  }

  /** Whether the thread is in a hook of that pass's run: what fires there is no part of it. */
  private static boolean inHookOf(ThreadState state, PassScope scope) {
    long working = state.working;
    return working != ThreadState.NONE
        && scope.run.isPresent()
        && scope.run.get().number() == working;
  }

  private Optional<Object> cache(ThreadState state, Shown shown, Object[] passed) {
    boolean off = state.off;
    state.off = true;
    try {
      return Optional.ofNullable(shown.cache(passed));
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      open.stream()
          .filter(run -> run.hooks().touch(shown.site().name()))
          .forEach(run -> run.failed("the 'cache' of tap " + shown.site().name(), e));
      return Optional.empty();
    } finally {
      state.off = off;
    }
  }

  /** Whether the code of a run is running on some thread, the calling one aside. */
  boolean working(TapRun run) {
    return byThread.entrySet().stream()
        .anyMatch(
            e -> e.getValue().working == run.number() && e.getKey() != Thread.currentThread());
  }
}
