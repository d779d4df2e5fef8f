package gemma2.math;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

class WorkersTest {

  @Test
  void computesEveryResultOnce() {
    for (int threads = 1; threads <= 5; threads++) {
      Workers workers = new Workers(threads, 1);
      for (int count = 1; count <= 12; count++) {
        int[] times = new int[count];
        workers.split(
            count,
            100,
            (from, to) -> {
              for (int i = from; i < to; i++) {
                times[i]++;
              }
            });
        int[] once = new int[count];
        Arrays.fill(once, 1);
        assertArrayEquals(once, times);
      }
    }
  }

  @Test
  void usesOtherThreadsOnlyWhenItIsWorthWhile() {
    Set<Thread> used = ConcurrentHashMap.newKeySet();
    Workers workers = new Workers(3, 1000);
    workers.split(9, 100, (from, to) -> used.add(Thread.currentThread()));
    assertEquals(Set.of(Thread.currentThread()), used);
    workers.split(9, 1000, (from, to) -> used.add(Thread.currentThread()));
    assertTrue(used.size() > 1, "the pool was used");
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
                    (from, to) -> {
                      if (from > 0) {
                        throw new ArithmeticException("part " + from);
                      }
                    }));
    assertTrue(failure.getMessage().contains("part 1"), failure.getMessage());
  }
}
