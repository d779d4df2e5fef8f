package gemma2.math;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WorkersTest {

  private static final Workers.Part<int[], String, String> COUNT =
      (times, b, c, from, to) -> {
        for (int i = from; i < to; i++) {
          times[i]++;
        }
      };

  private static final Workers.Part<Set<Thread>, String, String> TELL =
      (threads, b, c, from, to) -> threads.add(Thread.currentThread());

  @Test
  void computesEveryResultOnce() {
    for (int threads = 1; threads <= 5; threads++) {
      Workers workers = new Workers(threads, 1);
      for (int count = 1; count <= 12; count++) {
        int[] times = new int[count];
        workers.split(count, 100, COUNT, times, "b", "c");
        int[] once = new int[count];
        Arrays.fill(once, 1);
        assertArrayEquals(once, times);
      }
    }
  }

  @Test
  void handsItsOperandsOn() {
    workersOfThree()
        .<String, List<String>, Integer>split(
            3,
            100,
            (a, b, c, from, to) -> {
              assertEquals("a", a);
              assertEquals(List.of("b"), b);
              assertEquals(3, c);
            },
            "a",
            List.of("b"),
            3);
  }

  @Test
  void computesEveryResultOnceHoweverLateAThreadComes() {
    Workers workers = workersOfThree();
    int[] times = new int[9];
    for (int i = 0; i < 20_000; i++) {
      workers.split(9, 100, COUNT, times, "b", "c");
    }
    int[] all = new int[9];
    Arrays.fill(all, 20_000);
    assertArrayEquals(all, times);
  }

  @Test
  void usesOtherThreadsOnlyWhenItIsWorthWhile() {
    Set<Thread> used = ConcurrentHashMap.newKeySet();
    Workers workers = new Workers(3, 1000);
    workers.split(9, 100, TELL, used, "b", "c");
    assertEquals(Set.of(Thread.currentThread()), used);
    assertMeet(workers, 3, 9, 1000);
  }

  @Test
  void cutsSharesOfWhatIsLeft() {
    assertEquals(List.of(4, 3, 2, 1, 1, 1, 1, 1, 1, 1), pieces(new Workers(2, 1), 16, 0));
  }

  @Test
  void cutsPiecesDownToAnEighthOfWhatIsWorthAThread() {
    assertEquals(
        List.of(50, 41, 34, 29, 24, 20, 17, 14, 11, 10, 10, 10, 10, 10, 10),
        pieces(new Workers(3, 8000), 300, 0));
    assertEquals(List.of(100, 100, 100), pieces(new Workers(3, 15_000), 300, 1000));
  }

  @Test
  void cutsPiecesThatAreWorthTheirSetup() {
    Workers workers = workersOfThree();
    assertEquals(List.of(50, 41, 34, 34, 34, 34, 34, 34, 5), pieces(workers, 300, 50));
    assertEquals(List.of(100, 100, 100), pieces(workers, 300, 1000));
  }

  @Test
  void leavesTheLastSmallPiecesToTheCallingThread() {
    Workers workers = workersOfThree();
    for (int i = 0; i < 2000; i++) {
      Thread[] by = new Thread[24];
      workers.split(
          24,
          100,
          (threads, b, c, from, to) -> Arrays.fill(threads, from, to, Thread.currentThread()),
          by,
          "b",
          "c");
      assertSame(Thread.currentThread(), by[22]);
      assertSame(Thread.currentThread(), by[23]);
    }
  }

  @Test
  void sharesTheLastPieceWhereItIsALargePart() {
    assertMeet(new Workers(2, 1), 2, 2, 100);
  }

  /** Each piece waits for the others, so that none is done before all threads have one. */
  private static void assertMeet(Workers workers, int team, int count, long work) {
    Set<Thread> used = ConcurrentHashMap.newKeySet();
    CountDownLatch threads = new CountDownLatch(team);
    workers.split(
        count,
        work,
        (a, b, c, from, to) -> {
          TELL.compute(a, b, c, from, to);
          threads.countDown();
          await(threads);
        },
        used,
        "b",
        "c");
    assertEquals(team, used.size());
  }

  /** The lengths of the pieces, as they lie. */
  private static List<Integer> pieces(Workers workers, int count, long setup) {
    Map<Integer, Integer> lengths = new ConcurrentSkipListMap<>();
    workers.split(
        count, 100, setup, (a, b, c, from, to) -> lengths.put(from, to - from), "a", "b", "c");
    return List.copyOf(lengths.values());
  }

  static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS), latch.getCount() + " did not come");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void servesManyCallersAtOnce() {
    Workers workers = workersOfThree();
    int[][] times = new int[4][50];
    IntStream.range(0, times.length)
        .parallel()
        .forEach(caller -> {
          for (int i = 0; i < 500; i++) {
            workers.split(50, 100, COUNT, times[caller], "b", "c");
          }
        });
    int[] all = new int[50];
    Arrays.fill(all, 500);
    for (int[] ofACaller : times) {
      assertArrayEquals(all, ofACaller);
    }
  }

  @Test
  void computesAPartWithinAPartAlone() {
    Workers workers = workersOfThree();
    Set<Thread> outer = ConcurrentHashMap.newKeySet();
    Set<Thread> inner = ConcurrentHashMap.newKeySet();
    workers.split(
        3,
        100,
        (a, b, c, from, to) -> {
          if (from == 0) {
            outer.add(Thread.currentThread());
            workers.split(9, 100, TELL, inner, "b", "c");
          }
        },
        "a",
        "b",
        "c");
    assertEquals(outer, inner);
  }

  @Test
  void waitsThoughItIsInterrupted() {
    int[] times = new int[9];
    Thread.currentThread().interrupt();
    workersOfThree()
        .split(
            9,
            100,
            (a, b, c, from, to) -> {
              sleep();
              COUNT.compute(a, b, c, from, to);
            },
            times,
            "b",
            "c");
    assertTrue(Thread.interrupted(), "the interrupt is kept");
    int[] once = new int[9];
    Arrays.fill(once, 1);
    assertArrayEquals(once, times);
  }

  private static void sleep() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the caller's: for it to be told
    }
  }

  @Test
  void reportsAFailureOfAnotherThread() {
    Workers workers = new Workers(2, 1);
    Thread caller = Thread.currentThread();
    CountDownLatch threads = new CountDownLatch(2);
    IllegalStateException failure =
        assertThrows(
            IllegalStateException.class,
            () ->
                workers.split(
                    2,
                    100,
                    (a, b, c, from, to) -> {
                      threads.countDown();
                      await(threads);
                      if (Thread.currentThread() != caller) {
                        throw new ArithmeticException("planted");
                      }
                    },
                    "a",
                    "b",
                    "c"));
    assertTrue(failure.getMessage().contains("planted"), failure.getMessage());
    assertEveryResult(workers);
  }

  @Test
  void passesErrorsOn() {
    OutOfMemoryError thrown = new OutOfMemoryError("planted");
    Workers workers = new Workers(2, 1);
    Thread caller = Thread.currentThread();
    for (boolean failsHere : new boolean[] {true, false}) {
      CountDownLatch threads = new CountDownLatch(2);
      assertSame(
          thrown,
          assertThrows(
              OutOfMemoryError.class,
              () ->
                  workers.split(
                      2,
                      100,
                      (a, b, c, from, to) -> {
                        threads.countDown();
                        await(threads);
                        if ((Thread.currentThread() == caller) == failsHere) {
                          throw thrown;
                        }
                      },
                      "a",
                      "b",
                      "c")));
      assertEveryResult(workers);
    }
  }

  private static void assertEveryResult(Workers workers) {
    int[] times = new int[2];
    workers.split(2, 100, COUNT, times, "b", "c");
    assertArrayEquals(new int[] {1, 1}, times);
  }

  @Test
  void allocatesNothing() {
    Workers workers = workersOfThree();
    int[] times = new int[9];
    for (int i = 0; i < 20_000; i++) {
      workers.split(9, 100, COUNT, times, "b", "c");
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 1000; i++) {
      workers.split(9, 100, COUNT, times, "b", "c");
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(allocated < 1000, allocated + " bytes");
  }

  private static Workers workersOfThree() {
    return new Workers(3, 1);
  }
}
