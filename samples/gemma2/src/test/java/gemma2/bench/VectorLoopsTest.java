package gemma2.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VectorLoopsTest {

  /**
   * Every byte is 1, so a vector lane of four bytes counts 0x01010101, and a byte of the rest 1: a
   * byte that was left out, or read twice, is missed in the sum.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 511, 512, 513, 1024, 4096 + 512 + 3})
  void readsEveryByteOnce(int length) {
    byte[] bytes = new byte[length + 20];
    Arrays.fill(bytes, 10, 10 + length, (byte) 1);
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (int streams : new int[] {1, 4}) {
      long sum = VectorLoops.read(segment, 10, length, streams);
      long words = sum / 0x01010101L;
      long rest = sum % 0x01010101L;
      assertEquals(length, 4 * words + rest, streams + " streams");
    }
  }

  /** From 0 to 15 on, each sum goes to the fixed point 0.001 / (1 - 0.999) = 1. */
  @Test
  void addsAndMultiplies() {
    assertEquals(16, VectorLoops.fma(100_000, 0.999f, 0.001f), 1e-2);
    assertEquals(120 * 0.5f + 16 * 3, VectorLoops.fma(1, 0.5f, 3), 1e-4);
  }
}
