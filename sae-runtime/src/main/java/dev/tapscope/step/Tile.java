package dev.tapscope.step;

import static dev.tapscope.step.Lanes.BYTES;
import static dev.tapscope.step.Lanes.FLOAT;
import static dev.tapscope.step.Lanes.FLOATS;
import static dev.tapscope.step.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The product of two packed panels, {@link #ROWS} x {@link #COLUMNS} sums at a time, all of them in
 * registers: {@code into[r][c] = sum over k of a[k][r] b[k][c]}. Each sum is one chain of fused
 * multiply-adds in the order of {@code k}, the same whatever the shape of the tile.
 *
 * <p>Written out, because the compiler keeps local variables in registers and nothing else, and not
 * even those where they are handed to a method that it does not inline into this long one. Sixteen
 * sums, and no more: with 26 the first compiler gives up ("out of virtual registers"), and then the
 * JVM may never get to its second one.
 */
final class Tile {
  /** Width of the panel {@code a}. */
  static final int ROWS = 8;

  /** Width of the panel {@code b}. */
  static final int COLUMNS = 2 * Lanes.COUNT;

  static final long FLOATS_OF_A_TILE = (long) ROWS * COLUMNS;

  private Tile() {}

  /**
   * @param a a panel, {@code [depth][ROWS]}
   * @param b a panel, {@code [depth][COLUMNS]}
   * @param into {@code [ROWS][COLUMNS]}, overwritten
   */
  static void multiply(
      MemorySegment a, long atA, MemorySegment b, long atB, int depth, MemorySegment into) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector left0 = zero;
    FloatVector right0 = zero;
    FloatVector left1 = zero;
    FloatVector right1 = zero;
    FloatVector left2 = zero;
    FloatVector right2 = zero;
    FloatVector left3 = zero;
    FloatVector right3 = zero;
    FloatVector left4 = zero;
    FloatVector right4 = zero;
    FloatVector left5 = zero;
    FloatVector right5 = zero;
    FloatVector left6 = zero;
    FloatVector right6 = zero;
    FloatVector left7 = zero;
    FloatVector right7 = zero;
    for (int k = 0; k < depth; k++) {
      long row = atA + (long) k * (ROWS * Float.BYTES);
      long column = atB + (long) k * (2 * BYTES);
      FloatVector left = FloatVector.fromMemorySegment(FLOATS, b, column, ORDER);
      FloatVector right = FloatVector.fromMemorySegment(FLOATS, b, column + BYTES, ORDER);
      FloatVector a0 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row));
      left0 = a0.fma(left, left0);
      right0 = a0.fma(right, right0);
      FloatVector a1 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 1 * Float.BYTES));
      left1 = a1.fma(left, left1);
      right1 = a1.fma(right, right1);
      FloatVector a2 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 2 * Float.BYTES));
      left2 = a2.fma(left, left2);
      right2 = a2.fma(right, right2);
      FloatVector a3 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 3 * Float.BYTES));
      left3 = a3.fma(left, left3);
      right3 = a3.fma(right, right3);
      FloatVector a4 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 4 * Float.BYTES));
      left4 = a4.fma(left, left4);
      right4 = a4.fma(right, right4);
      FloatVector a5 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 5 * Float.BYTES));
      left5 = a5.fma(left, left5);
      right5 = a5.fma(right, right5);
      FloatVector a6 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 6 * Float.BYTES));
      left6 = a6.fma(left, left6);
      right6 = a6.fma(right, right6);
      FloatVector a7 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 7 * Float.BYTES));
      left7 = a7.fma(left, left7);
      right7 = a7.fma(right, right7);
    }
    left0.intoMemorySegment(into, 0, ORDER);
    right0.intoMemorySegment(into, BYTES, ORDER);
    left1.intoMemorySegment(into, 2L * BYTES, ORDER);
    right1.intoMemorySegment(into, 3L * BYTES, ORDER);
    left2.intoMemorySegment(into, 4L * BYTES, ORDER);
    right2.intoMemorySegment(into, 5L * BYTES, ORDER);
    left3.intoMemorySegment(into, 6L * BYTES, ORDER);
    right3.intoMemorySegment(into, 7L * BYTES, ORDER);
    left4.intoMemorySegment(into, 8L * BYTES, ORDER);
    right4.intoMemorySegment(into, 9L * BYTES, ORDER);
    left5.intoMemorySegment(into, 10L * BYTES, ORDER);
    right5.intoMemorySegment(into, 11L * BYTES, ORDER);
    left6.intoMemorySegment(into, 12L * BYTES, ORDER);
    right6.intoMemorySegment(into, 13L * BYTES, ORDER);
    left7.intoMemorySegment(into, 14L * BYTES, ORDER);
    right7.intoMemorySegment(into, 15L * BYTES, ORDER);
  }
}
