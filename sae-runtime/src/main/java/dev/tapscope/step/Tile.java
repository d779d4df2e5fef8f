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
 * even those where they are handed to a method that it does not inline into this long one. With 32
 * registers of 512 bits, 28 sums leave room for what is multiplied; where there may be only 16, it
 * is 12 sums.
 */
final class Tile {
  /** Width of the panel {@code a}. */
  static final int ROWS = Lanes.COUNT == 16 ? 14 : 6;

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
    if (ROWS == 14) {
      multiply14(a, atA, b, atB, depth, into);
    } else {
      multiply6(a, atA, b, atB, depth, into);
    }
  }

  /** Fourteen rows. */
  private static void multiply14(
      MemorySegment a, long atA, MemorySegment b, long atB, int depth, MemorySegment into) {
    FloatVector left0 = FloatVector.zero(FLOATS);
    FloatVector right0 = FloatVector.zero(FLOATS);
    FloatVector left1 = FloatVector.zero(FLOATS);
    FloatVector right1 = FloatVector.zero(FLOATS);
    FloatVector left2 = FloatVector.zero(FLOATS);
    FloatVector right2 = FloatVector.zero(FLOATS);
    FloatVector left3 = FloatVector.zero(FLOATS);
    FloatVector right3 = FloatVector.zero(FLOATS);
    FloatVector left4 = FloatVector.zero(FLOATS);
    FloatVector right4 = FloatVector.zero(FLOATS);
    FloatVector left5 = FloatVector.zero(FLOATS);
    FloatVector right5 = FloatVector.zero(FLOATS);
    FloatVector left6 = FloatVector.zero(FLOATS);
    FloatVector right6 = FloatVector.zero(FLOATS);
    FloatVector left7 = FloatVector.zero(FLOATS);
    FloatVector right7 = FloatVector.zero(FLOATS);
    FloatVector left8 = FloatVector.zero(FLOATS);
    FloatVector right8 = FloatVector.zero(FLOATS);
    FloatVector left9 = FloatVector.zero(FLOATS);
    FloatVector right9 = FloatVector.zero(FLOATS);
    FloatVector left10 = FloatVector.zero(FLOATS);
    FloatVector right10 = FloatVector.zero(FLOATS);
    FloatVector left11 = FloatVector.zero(FLOATS);
    FloatVector right11 = FloatVector.zero(FLOATS);
    FloatVector left12 = FloatVector.zero(FLOATS);
    FloatVector right12 = FloatVector.zero(FLOATS);
    FloatVector left13 = FloatVector.zero(FLOATS);
    FloatVector right13 = FloatVector.zero(FLOATS);
    for (int k = 0; k < depth; k++) {
      long row = atA + (long) k * (14 * Float.BYTES);
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
      FloatVector a8 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 8 * Float.BYTES));
      left8 = a8.fma(left, left8);
      right8 = a8.fma(right, right8);
      FloatVector a9 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 9 * Float.BYTES));
      left9 = a9.fma(left, left9);
      right9 = a9.fma(right, right9);
      FloatVector a10 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 10 * Float.BYTES));
      left10 = a10.fma(left, left10);
      right10 = a10.fma(right, right10);
      FloatVector a11 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 11 * Float.BYTES));
      left11 = a11.fma(left, left11);
      right11 = a11.fma(right, right11);
      FloatVector a12 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 12 * Float.BYTES));
      left12 = a12.fma(left, left12);
      right12 = a12.fma(right, right12);
      FloatVector a13 = FloatVector.broadcast(FLOATS, a.get(FLOAT, row + 13 * Float.BYTES));
      left13 = a13.fma(left, left13);
      right13 = a13.fma(right, right13);
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
    left8.intoMemorySegment(into, 16L * BYTES, ORDER);
    right8.intoMemorySegment(into, 17L * BYTES, ORDER);
    left9.intoMemorySegment(into, 18L * BYTES, ORDER);
    right9.intoMemorySegment(into, 19L * BYTES, ORDER);
    left10.intoMemorySegment(into, 20L * BYTES, ORDER);
    right10.intoMemorySegment(into, 21L * BYTES, ORDER);
    left11.intoMemorySegment(into, 22L * BYTES, ORDER);
    right11.intoMemorySegment(into, 23L * BYTES, ORDER);
    left12.intoMemorySegment(into, 24L * BYTES, ORDER);
    right12.intoMemorySegment(into, 25L * BYTES, ORDER);
    left13.intoMemorySegment(into, 26L * BYTES, ORDER);
    right13.intoMemorySegment(into, 27L * BYTES, ORDER);
  }

  /** Six rows. */
  static void multiply6(
      MemorySegment a, long atA, MemorySegment b, long atB, int depth, MemorySegment into) {
    FloatVector left0 = FloatVector.zero(FLOATS);
    FloatVector right0 = FloatVector.zero(FLOATS);
    FloatVector left1 = FloatVector.zero(FLOATS);
    FloatVector right1 = FloatVector.zero(FLOATS);
    FloatVector left2 = FloatVector.zero(FLOATS);
    FloatVector right2 = FloatVector.zero(FLOATS);
    FloatVector left3 = FloatVector.zero(FLOATS);
    FloatVector right3 = FloatVector.zero(FLOATS);
    FloatVector left4 = FloatVector.zero(FLOATS);
    FloatVector right4 = FloatVector.zero(FLOATS);
    FloatVector left5 = FloatVector.zero(FLOATS);
    FloatVector right5 = FloatVector.zero(FLOATS);
    for (int k = 0; k < depth; k++) {
      long row = atA + (long) k * (6 * Float.BYTES);
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
  }
}
