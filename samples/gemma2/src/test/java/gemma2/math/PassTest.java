package gemma2.math;

import static gemma2.math.WorkersTest.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PassTest {

  /** Of two threads the caller begins with results 0 to 4, the other with 4 to 7. */
  private static final int COUNT = 16;

  /** So many times there is something to read, and then once nothing more. */
  private static final int READINGS = 3;

  private final Thread caller = Thread.currentThread();
  private final Workers workers = new Workers(2, 1);
  private final Pass pass = new Pass(workers);
  private final BlockingQueue<String> callersReadings = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> othersReadings = new LinkedBlockingQueue<>();

  @Test
  void anotherThreadReadsWhatCameNextTheLastTime() {
    Pass.Step a = step("a");
    Pass.Step b = step("b");
    assertEquals(readings("a 4-7"), othersReadings(a));
    assertEquals(readings("b 4-7"), othersReadings(b));
    assertEquals(readings("b 4-7"), othersReadings(a));
    assertEquals(readings("a 4-7"), othersReadings(b));
  }

  @Test
  void callingThreadReadsWhileItWaits() {
    Pass.Step a = step("a");
    Pass.Step b = step("b");
    assertEquals(readings("a 0-4"), callersReadings(a));
    assertEquals(readings("b 0-4"), callersReadings(b));
    assertEquals(readings("b 0-4"), callersReadings(a));
  }

  @Test
  void everyOtherThreadReadsItsOwnPiece() {
    BlockingQueue<String> pieces = new LinkedBlockingQueue<>();
    Pass.Step step =
        new Pass(new Workers(3, 1))
            .step((from, to, i) -> {
              if (Thread.currentThread() != caller) {
                pieces.add(from + "-" + to);
              }
              return false;
            });
    CountDownLatch threads = new CountDownLatch(3);
    step.split(
        3,
        100,
        0,
        (a, b, c, from, to) -> {
          threads.countDown();
          await(threads);
        },
        "a",
        "b",
        "c");
    assertEquals(Set.of("1-2", "2-3"), Set.copyOf(take(pieces, 2)));
  }

  @Test
  void learnsAnotherOrder() {
    Pass.Step a = step("a");
    Pass.Step b = step("b");
    Pass.Step c = step("c");
    List.of(a, b, a, c).forEach(this::othersReadings);
    assertEquals(readings("c 4-7"), othersReadings(a));
    assertEquals(readings("a 4-7"), othersReadings(c));
  }

  @Test
  void readsOnAfterWhatComesBetween() {
    CountDownLatch between = new CountDownLatch(1);
    BlockingQueue<String> steps = new LinkedBlockingQueue<>();
    Pass.Step step =
        pass.step((from, to, i) -> {
          if (Thread.currentThread() != caller) {
            steps.add("step " + i);
            if (i == 1) {
              await(between);
            }
          }
          return i < READINGS;
        });
    begunByBoth(step, () -> {}, () -> {});
    assertEquals(List.of("step 0", "step 1"), take(steps, 2));
    CountDownLatch helped = new CountDownLatch(1);
    workers.split(
        COUNT,
        100,
        (a, b, c, from, to) -> {
          if (Thread.currentThread() == caller) {
            between.countDown();
            await(helped);
          } else {
            helped.countDown();
          }
        },
        "a",
        "b",
        "c");
    assertEquals(List.of("step 2", "step 3"), take(steps, 2));
  }

  @Test
  void computesThoughReadingAheadFails() {
    CountDownLatch failures = new CountDownLatch(3);
    Pass.Step step =
        pass.step((from, to, i) -> {
          failures.countDown();
          throw new InternalError("planted");
        });
    for (int i = 0; i < 3; i++) {
      begunByBoth(step, () -> {}, () -> {});
    }
    await(failures);
  }

  @Test
  void forgetsWhatItHasRead() throws InterruptedException {
    WeakReference<Object> weights = new WeakReference<>(new Object());
    readTogetherWith(weights.get());
    for (int i = 0; i < 100 && weights.get() != null; i++) {
      System.gc();
      Thread.sleep(20);
    }
    assertNull(weights.get(), "a thread keeps what it has read in memory");
  }

  private void readTogetherWith(Object weights) {
    BlockingQueue<String> read = new LinkedBlockingQueue<>();
    Pass.Step step =
        new Pass(workers)
            .step((from, to, i) -> {
              read.add(weights.getClass().getName());
              return false;
            });
    begunByBoth(step, () -> take(read, 1), () -> {});
  }

  /** A step of which everything that is read, and by whom, is put down. */
  private Pass.Step step(String name) {
    return pass.step((from, to, step) -> {
      (Thread.currentThread() == caller ? callersReadings : othersReadings)
          .add("%s %d-%d, step %d".formatted(name, from, to, step));
      return step < READINGS;
    });
  }

  private static List<String> readings(String of) {
    List<String> readings = new ArrayList<>();
    for (int i = 0; i <= READINGS; i++) {
      readings.add("%s, step %d".formatted(of, i));
    }
    return readings;
  }

  /** What the other thread reads while the caller is at its first piece. */
  private List<String> othersReadings(Pass.Step step) {
    List<String> read = new ArrayList<>();
    begunByBoth(step, () -> read.addAll(take(othersReadings, READINGS + 1)), () -> {});
    return read;
  }

  /** What the caller reads while the other thread is at its first piece. */
  private List<String> callersReadings(Pass.Step step) {
    List<String> read = new ArrayList<>();
    begunByBoth(step, () -> {}, () -> read.addAll(take(callersReadings, READINGS + 1)));
    return read;
  }

  /** Computes a step in which each thread does something at its first piece. */
  private void begunByBoth(Pass.Step step, Runnable byCaller, Runnable byOther) {
    CountDownLatch callers = new CountDownLatch(1);
    CountDownLatch others = new CountDownLatch(1);
    step.split(
        COUNT,
        100,
        0,
        (a, b, c, from, to) -> {
          boolean calling = Thread.currentThread() == caller;
          CountDownLatch own = calling ? callers : others;
          if (own.getCount() > 0) {
            own.countDown();
            await(calling ? others : callers);
            (calling ? byCaller : byOther).run();
          }
        },
        "a",
        "b",
        "c");
  }

  private static List<String> take(BlockingQueue<String> queue, int count) {
    List<String> taken = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        String next = queue.poll(30, TimeUnit.SECONDS);
        assertTrue(next != null, "only " + taken);
        taken.add(next);
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return taken;
  }
}
