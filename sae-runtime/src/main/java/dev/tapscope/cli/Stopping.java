package dev.tapscope.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Lets work that keeps what it has done be ended from outside: while it is open, the end of the
 * process asks for it and waits until it is closed.
 */
final class Stopping implements AutoCloseable {
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Runnable ending = this::end;
  private final Runnable wake;
  private volatile boolean wanted;

  /**
   * @param wake interrupts what the work may be waiting for
   */
  Stopping(Runnable wake) {
    this.wake = wake;
    Ending.addStop(ending);
  }

  /** Whether the process is being ended. */
  boolean wanted() {
    return wanted;
  }

  private void end() {
    wanted = true;
    wake.run();
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The work is over. When the process is being ended, this does not return. */
  @Override
  public void close() {
    boolean ours = Ending.remove(ending);
    closed.countDown();
    if (!ours) {
      try {
        Ending.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
