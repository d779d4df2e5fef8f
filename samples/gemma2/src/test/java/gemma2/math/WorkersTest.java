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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
  void usesOtherThreadsOnlyWhenItIsWorthWhile() {
    Set<Thread> used = ConcurrentHashMap.newKeySet();
    Workers workers = new Workers(3, 1000);
    workers.split(9, 100, TELL, used, "b", "c");
    assertEquals(Set.of(Thread.currentThread()), used);
    workers.split(9, 1000, TELL, used, "b", "c");
    assertEquals(3, used.size());
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
    Set<Thread> inner = ConcurrentHashMap.newKeySet();
    workers.split(
        3,
        100,
        (a, b, c, from, to) -> {
          if (from == 0) {
            workers.split(9, 100, TELL, inner, "b", "c");
          }
        },
        "a",
        "b",
        "c");
    assertEquals(Set.of(Thread.currentThread()), inner);
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
    IllegalStateException failure =
        assertThrows(
            IllegalStateException.class,
            () ->
                workers.split(
                    2,
                    100,
                    (a, b, c, from, to) -> {
                      if (from > 0) {
                        throw new ArithmeticException("part " + from);
                      }
                    },
                    "a",
                    "b",
                    "c"));
    assertTrue(failure.getMessage().contains("part 1"), failure.getMessage());
    assertEveryResult(workers);
  }

  @Test
  void passesErrorsOn() {
    OutOfMemoryError thrown = new OutOfMemoryError("planted");
    Workers workers = new Workers(2, 1);
    for (int part = 0; part < 2; part++) {
      int failing = part;
      assertSame(
          thrown,
          assertThrows(
              OutOfMemoryError.class,
              () ->
                  workers.split(
                      2,
                      100,
                      (a, b, c, from, to) -> {
                        if (from == failing) {
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
