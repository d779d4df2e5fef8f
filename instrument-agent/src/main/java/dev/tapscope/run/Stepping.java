package dev.tapscope.run;

import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Steps;
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

    Model(TapRun run, Callable<T> call) {
      this.run = run;
      this.call = call;
    }

    /** The hook: on the model's thread, or on one of its workers. */
    synchronized void step(Activation activation) {
      if (unwanted) {
        throw new Left();
      }
      try {
        news.put(new News.Value<>((BorrowedActivation) activation));
        if (orders.take() == Order.LEAVE) {
          throw new Left();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new Left();
      }
    }

    @Override
    public void run() {
      News<T> last;
      try {
        last = new News.Over<>(run.call(call));
      } catch (Throwable e) {
        last = new News.Failed<>(e);
      }
      while (!unwanted) {
        try {
          news.put(last);
          return;
        } catch (InterruptedException e) {
          unwanted = true;
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

  /** Lets the model compute up to its next value, or its end. */
  private void advance() {
    if (over || closed) {
      shown = Optional.empty();
      return;
    }
    try {
      if (shown.isPresent()) {
        shown.get().end();
        model.orders.put(Order.GO_ON);
      } else {
        thread.start();
      }
      take(model.news.take());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CompletionException("The thread was interrupted while the model computed.", e);
    }
  }

  private void take(News<T> news) {
    shown = Optional.empty();
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
