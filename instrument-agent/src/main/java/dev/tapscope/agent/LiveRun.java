package dev.tapscope.agent;

import dev.tapscope.profile.MethodRef;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One run in a running JVM. Passes that are under way when it is attached are let go by; it ends
 * between passes, when it is asked to, when its limits are reached, or when it cannot go on.
 */
final class LiveRun {
  /** How long passes under way are waited for at the end; what they have shown is dropped then. */
  private static final long SECONDS_FOR_PASSES = 30;

  private static final long LOOK_MILLIS = 5;

  private final AgentOptions options;
  private final TappedModels models;
  private final CountDownLatch ask = new CountDownLatch(1);
  private final CountDownLatch done = new CountDownLatch(1);
  private final AtomicReference<Optional<TapscopeException>> cause =
      new AtomicReference<>(Optional.empty());
  private final AtomicLong passes = new AtomicLong();
  private StandingRun standing;
  private Transcript told;

  LiveRun(AgentOptions options, TappedModels models) {
    this.options = options;
    this.models = models;
  }

  /**
   * Weaves, and sees the passes that begin from then on.
   *
   * @throws TapscopeException where it cannot go as asked; nothing is left behind
   */
  void start(Instrumentation instrumentation, PrintStream err, Transcript transcript)
      throws IOException {
    told = transcript;
    standing = StandingRun.prepare(options, models, instrumentation, err, Optional.of(this::fail));
    options.live().passes().ifPresent(most -> standing.run().onPassEnd(pass -> count(most)));
    standing.begin();
    String name = standing.model().source().profile().name();
    String attached = "tapscope: attached profile " + name + " to this JVM";
    err.println(attached);
    LiveState.ATTACHED.publish(0, told.lines());
    Thread thread = new Thread(this::live, "tapscope-live");
    thread.setDaemon(true);
    thread.start();
  }

  private void count(long most) {
    if (passes.incrementAndGet() >= most) {
      standing.model().runs().hold(); // on the model's thread: the next pass is not seen any more
      ask.countDown();
    }
  }

  private void fail(TapscopeException why) {
    cause.compareAndSet(Optional.empty(), Optional.of(why));
    standing.model().runs().hold();
    ask.countDown();
  }

  boolean open() {
    return done.getCount() > 0;
  }

  /** Ends the run and waits until it is closed. */
  void detach() {
    ask.countDown();
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void live() {
    try {
      awaitStrangers();
      if (ask.getCount() > 0) {
        standing.model().runs().release();
      }
      askedWithin(options.live().duration().map(Duration::toMillis).orElse(Long.MAX_VALUE));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end();
    }
  }

  /** Waits until no thread is in a pass that began before its method was woven. */
  private void awaitStrangers() throws InterruptedException {
    Set<Thread> strangers = new HashSet<>(inPass());
    while (!strangers.isEmpty() && !askedWithin(LOOK_MILLIS)) {
      strangers.removeAll(standing.model().runs().enteredWhileHeld());
      strangers.retainAll(inPass());
    }
  }

  private boolean askedWithin(long millis) throws InterruptedException {
    return ask.await(millis, TimeUnit.MILLISECONDS);
  }

  private Set<Thread> inPass() {
    List<MethodRef> methods = standing.model().source().profile().passes();
    Set<Thread> threads = new HashSet<>();
    Thread.getAllStackTraces()
        .forEach((thread, stack) -> {
          boolean in =
              Arrays.stream(stack)
                  .anyMatch(frame ->
                      methods.stream()
                          .anyMatch(pass ->
                              frame.getClassName().equals(pass.owner())
                                  && frame.getMethodName().equals(pass.name())));
          if (in) {
            threads.add(thread);
          }
        });
    return threads;
  }

  private void end() {
    List<String> proof = new ArrayList<>();
    int exit = TapscopeException.FAILED;
    try {
      standing.model().runs().hold();
      awaitPasses();
      exit = standing.ending().closeNow(cause.get());
      Optional<Undo> undo = models.remove(standing.model());
      undo.ifPresent(found -> proof.addAll(found.lines()));
      if (undo.flatMap(Undo::problem).isPresent()) {
        proof.add(undo.get().problem().get().line());
        exit = TapscopeException.FAILED;
      }
    } catch (RuntimeException | Error e) {
      proof.add("tapscope: [agent-failed] The run could not be ended as it should: " + e);
    } finally {
      List<String> lines = new ArrayList<>(told.lines());
      lines.addAll(proof);
      LiveState.DETACHED.publish(exit, lines);
      done.countDown();
    }
  }

  private void awaitPasses() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_FOR_PASSES);
    while (standing.model().runs().underWay(standing.run()) > 0 && System.nanoTime() < end) {
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
