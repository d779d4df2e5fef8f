package gemma2.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class RowProductTest {

  private static final int COLUMNS = 512;
  private static final int ROW = 4 * COLUMNS;
  private static final int CHUNK = 1024;

  @Test
  void readsTheBeginningOfEachQuarterAhead() {
    int from = 8;
    int quarter = 10;
    MemorySegment data = Arena.ofAuto().allocate(64 * ROW);
    for (int q = 0; q < 4; q++) {
      long at = (from + q * quarter) * ROW + 3 * CHUNK;
      data.set(ValueLayout.JAVA_BYTE, at, (byte) (1 << q));
      data.set(ValueLayout.JAVA_BYTE, at + CHUNK - 64, (byte) (16 << q >> 1));
    }
    Matrix w = new Matrix(data, Dtype.F32, 64, COLUMNS);
    for (int step = 0; step < 2 * quarter; step++) {
      assertTrue(RowProduct.readAhead(w, from, from + 4 * quarter, step));
      assertEquals(step == 3 ? 0b1111 + 0b1111000 : 0, Scratch.own().read, "step " + step);
    }
    assertFalse(RowProduct.readAhead(w, from, from + 4 * quarter, 2 * quarter));
  }

  @Test
  void readsNothingAheadBehindTheLastRow() {
    Matrix w = new Matrix(Arena.ofAuto().allocate(64 * ROW), Dtype.F32, 64, COLUMNS);
    for (int from = 0; from <= 64; from++) {
      int quarter = Math.ceilDiv(64 - from, 4);
      int ofTheLast = Math.max(0, 64 - from - 3 * quarter);
      assertEquals(2 * ofTheLast, stepsAhead(w, from, 64), "from " + from);
    }
  }

  @Test
  void readsAheadWhatStaysInACache() {
    int rows = 8 << 20 >> 11;
    Matrix w = new Matrix(Arena.ofAuto().allocate(8 << 20), Dtype.F32, rows, COLUMNS);
    assertEquals((2 << 20) / (4 * CHUNK), stepsAhead(w, 0, rows));
  }

  private static int stepsAhead(Matrix w, int from, int to) {
    int steps = 0;
    while (RowProduct.readAhead(w, from, to, steps)) {
      steps++;
    }
    return steps;
  }
}
