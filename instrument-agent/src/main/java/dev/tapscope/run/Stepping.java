package dev.tapscope.run;

import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.TapscopeException;
import java.lang.ref.Cleaner;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;

/**
 * A model that computes on a thread of its own and waits at each value for the loop's body. Two
 * threads, of which exactly one works at any time: what one has written the other sees.
 */
final class Stepping<T> implements Steps<T> {
  /** Leaves the hook of a loop that is not wanted any more. */
  static final class Left extends Error {
    private static final long serialVersionUID = 1;

    private Left() {
      super("The loop over this forward pass was left.", null, false, false);
    }
  }

  /** What the model's thread has to say. */
  private sealed interface News<T> {
    record Value<T>(BorrowedActivation activation) implements News<T> {}

    record Over<T>(Optional<T> result) implements News<T> {}

    record Failed<T>(Throwable cause) implements News<T> {}
  }

  /** How often who waits looks whether the other side is still there. */
  private static final long LOOK_UP_MS = 20;

  private enum Order {
    GO_ON,
    LEAVE
  }

  /** Cleans up after loops nobody closed: their models would wait for ever. */
  private static final Cleaner CLEANER = Cleaner.create();

  /** The model's side. Knows nothing of the loop, so that a forgotten loop can be collected. */
  private static final class Model<T> implements Runnable {
    private final TapRun run;
    private final Callable<T> call;
    private final SynchronousQueue<News<T>> news = new SynchronousQueue<>();
    private final SynchronousQueue<Order> orders = new SynchronousQueue<>();
    private volatile boolean unwanted;
    private volatile Thread thread;

    Model(TapRun run, Callable<T> call) {
      this.run = run;
      this.call = call;
    }

    /** The hook. A pass the loop's body makes is not the one that is stepped through. */
    void step(Activation activation) {
      BorrowedActivation borrowed = (BorrowedActivation) activation;
      if (borrowed.isOfPassOn(thread)) {
        show(borrowed);
      }
    }

    /** On the model's thread, or on one of its workers. */
    private synchronized void show(BorrowedActivation activation) {
      try {
        checkInterrupt();
        tell(new News.Value<>(activation));
        Order order = null;
        while (order == null) {
          checkWanted();
          order = orders.poll(LOOK_UP_MS, TimeUnit.MILLISECONDS);
        }
        checkInterrupt();
        if (order == Order.LEAVE) {
          throw new Left();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        checkWanted();
        throw TapscopeException.failed(
            "steps-interrupted",
            "The thread '"
                + Thread.currentThread().getName()
                + "', on which the model computes "
                + activation.address()
                + ", was interrupted while the body of the loop worked, so the pass ends here. Look"
                + " for who interrupts the model's threads (a pool that is shut down, say).",
            e);
      }
    }

    private void tell(News<T> what) throws InterruptedException {
      boolean told = false;
      while (!told) {
        checkWanted();
        told = news.offer(what, LOOK_UP_MS, TimeUnit.MILLISECONDS);
      }
    }

    private void checkWanted() {
      if (unwanted) {
        throw new Left();
      }
    }

    @Override
    public void run() {
      thread = Thread.currentThread();
      News<T> last;
      try {
        last = new News.Over<>(run.call(call));
      } catch (Throwable e) {
        last = new News.Failed<>(e);
      }
      while (!unwanted) {
        try {
          tell(last);
          return;
        } catch (Left left) {
          break;
        } catch (InterruptedException e) {
          Thread.interrupted(); // the model's: its result is still to be told
        }
      }
      if (last instanceof News.Failed<T> failed) {
        run.failed("the model, while its pass was ended early,", failed.cause());
      }
    }
  }

  private final Model<T> model;
  private final Thread thread;
  private final Attachment hook;
  private final Attachment runsEnd;
  private final Runnable afterwards;
  private final Cleaner.Cleanable forgotten;
  private Optional<BorrowedActivation> shown = Optional.empty();
  private Optional<T> result = Optional.empty();
  private boolean begun;
  private boolean over;
  private boolean closed;

  Stepping(TapRun run, String sites, Callable<T> call, Runnable afterwards) {
    this.afterwards = afterwards;
    Model<T> running = new Model<>(run, call);
    this.model = running;
    this.hook = run.attach(sites, Hooks.Kind.STEP, Phase.REPLACE, 0, running::step);
    this.runsEnd = run.endsWithThis(() -> running.unwanted = true);
    Thread worker = new Thread(running, "tapscope-steps");
    worker.setDaemon(true);
    this.thread = worker;
    this.forgotten =
        CLEANER.register(
            this,
            () -> {
              running.unwanted = true;
              worker.interrupt();
            });
  }

  @Override
  public Iterator<Activation> iterator() {
    if (begun || closed) {
      throw new IllegalStateException(
          "A pass can be stepped through once; take new steps for another one.");
    }
    begun = true;
    return new Iterator<>() {
      private boolean fetched;

      @Override
      public boolean hasNext() {
        if (!fetched) {
          fetched = true;
          advance();
        }
        return shown.isPresent();
      }

      @Override
      public Activation next() {
        if (!hasNext()) {
          throw new NoSuchElementException("The model has computed its last value.");
        }
        fetched = false;
        return shown.orElseThrow();
      }
    };
  }

  /** A queue where the other side waits already hands over without looking at this. */
  private static void checkInterrupt() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted before the other thread was asked");
    }
  }

  /** Lets the model compute up to its next value, or its end. */
  private void advance() {
    if (over || closed) {
      shown = Optional.empty();
      return;
    }
    try {
      checkInterrupt();
      if (shown.isPresent()) {
        BorrowedActivation earlier = shown.get();
        shown = Optional.empty();
        earlier.end();
        while (!model.orders.offer(Order.GO_ON, LOOK_UP_MS, TimeUnit.MILLISECONDS)) {
          if (model.unwanted || !thread.isAlive()) {
            throw ended();
          }
          News<T> instead = model.news.poll(); // it was interrupted, and does not wait any more
          if (instead != null) {
            take(instead);
            return;
          }
        }
      } else {
        thread.start();
      }
      News<T> news = null;
      while (news == null) {
        news = model.news.poll(LOOK_UP_MS, TimeUnit.MILLISECONDS);
        if (news == null && model.unwanted) {
          throw ended();
        }
      }
      take(news);
    } catch (InterruptedException e) {
      over = true;
      shown.ifPresent(BorrowedActivation::end);
      shown = Optional.empty();
      Thread.currentThread().interrupt();
      throw new CompletionException("The thread was interrupted while the model computed.", e);
    }
  }

  private IllegalStateException ended() {
    over = true;
    return new IllegalStateException(
        "The run of this loop was closed while the loop was under way. Close the loop first.");
  }

  private void take(News<T> news) {
    if (news instanceof News.Value<T> value) {
      value.activation().handTo(Thread.currentThread());
      shown = Optional.of(value.activation());
    } else if (news instanceof News.Over<T> end) {
      over = true;
      result = end.result();
    } else if (news instanceof News.Failed<T> failed) {
      over = true;
      throw unchecked(failed.cause());
    }
  }

  private static RuntimeException unchecked(Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException unchecked
        ? unchecked
        : new CompletionException("The model failed: " + cause, cause);
  }

  @Override
  public Optional<T> result() {
    return result;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (thread.isAlive()) {
        leave();
      }
    } finally {
      forgotten.clean();
      runsEnd.close();
      hook.close();
      afterwards.run();
    }
  }

  /** Unwinds the model and waits for it, whatever it is doing. */
  private void leave() {
    model.unwanted = true;
    shown.ifPresent(BorrowedActivation::end);
    shown = Optional.empty();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        if (!model.orders.offer(Order.LEAVE, 1, TimeUnit.MILLISECONDS)) {
          model.news.poll();
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
