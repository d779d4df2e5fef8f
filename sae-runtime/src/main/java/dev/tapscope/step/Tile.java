package dev.tapscope.step;

import static dev.tapscope.step.Lanes.BYTES;
import static dev.tapscope.step.Lanes.FLOAT;
import static dev.tapscope.step.Lanes.FLOATS;
import static dev.tapscope.step.Lanes.ORDER;
import static dev.tapscope.step.Lanes.all;
import static dev.tapscope.step.Lanes.load;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The product of two packed panels, {@link #ROWS} x {@link #COLUMNS} sums at a time, all of them in
 * registers: {@code into[r][c] = sum over k of a[k][r] b[k][c]}. Each sum is one chain of fused
 * multiply-adds in the order of {@code k}, the same whatever the shape of the tile.
 *
 * <p>Written out, because the compiler keeps local variables in registers and nothing else. With 32
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
      FloatVector left = load(b, column);
      FloatVector right = load(b, column + BYTES);
      FloatVector a0 = all(a.get(FLOAT, row));
      left0 = a0.fma(left, left0);
      right0 = a0.fma(right, right0);
      FloatVector a1 = all(a.get(FLOAT, row + 1 * Float.BYTES));
      left1 = a1.fma(left, left1);
      right1 = a1.fma(right, right1);
      FloatVector a2 = all(a.get(FLOAT, row + 2 * Float.BYTES));
      left2 = a2.fma(left, left2);
      right2 = a2.fma(right, right2);
      FloatVector a3 = all(a.get(FLOAT, row + 3 * Float.BYTES));
      left3 = a3.fma(left, left3);
      right3 = a3.fma(right, right3);
      FloatVector a4 = all(a.get(FLOAT, row + 4 * Float.BYTES));
      left4 = a4.fma(left, left4);
      right4 = a4.fma(right, right4);
      FloatVector a5 = all(a.get(FLOAT, row + 5 * Float.BYTES));
      left5 = a5.fma(left, left5);
      right5 = a5.fma(right, right5);
      FloatVector a6 = all(a.get(FLOAT, row + 6 * Float.BYTES));
      left6 = a6.fma(left, left6);
      right6 = a6.fma(right, right6);
      FloatVector a7 = all(a.get(FLOAT, row + 7 * Float.BYTES));
      left7 = a7.fma(left, left7);
      right7 = a7.fma(right, right7);
      FloatVector a8 = all(a.get(FLOAT, row + 8 * Float.BYTES));
      left8 = a8.fma(left, left8);
      right8 = a8.fma(right, right8);
      FloatVector a9 = all(a.get(FLOAT, row + 9 * Float.BYTES));
      left9 = a9.fma(left, left9);
      right9 = a9.fma(right, right9);
      FloatVector a10 = all(a.get(FLOAT, row + 10 * Float.BYTES));
      left10 = a10.fma(left, left10);
      right10 = a10.fma(right, right10);
      FloatVector a11 = all(a.get(FLOAT, row + 11 * Float.BYTES));
      left11 = a11.fma(left, left11);
      right11 = a11.fma(right, right11);
      FloatVector a12 = all(a.get(FLOAT, row + 12 * Float.BYTES));
      left12 = a12.fma(left, left12);
      right12 = a12.fma(right, right12);
      FloatVector a13 = all(a.get(FLOAT, row + 13 * Float.BYTES));
      left13 = a13.fma(left, left13);
      right13 = a13.fma(right, right13);
    }
    store(left0, right0, into, 0);
    store(left1, right1, into, 1);
    store(left2, right2, into, 2);
    store(left3, right3, into, 3);
    store(left4, right4, into, 4);
    store(left5, right5, into, 5);
    store(left6, right6, into, 6);
    store(left7, right7, into, 7);
    store(left8, right8, into, 8);
    store(left9, right9, into, 9);
    store(left10, right10, into, 10);
    store(left11, right11, into, 11);
    store(left12, right12, into, 12);
    store(left13, right13, into, 13);
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
      FloatVector left = load(b, column);
      FloatVector right = load(b, column + BYTES);
      FloatVector a0 = all(a.get(FLOAT, row));
      left0 = a0.fma(left, left0);
      right0 = a0.fma(right, right0);
      FloatVector a1 = all(a.get(FLOAT, row + 1 * Float.BYTES));
      left1 = a1.fma(left, left1);
      right1 = a1.fma(right, right1);
      FloatVector a2 = all(a.get(FLOAT, row + 2 * Float.BYTES));
      left2 = a2.fma(left, left2);
      right2 = a2.fma(right, right2);
      FloatVector a3 = all(a.get(FLOAT, row + 3 * Float.BYTES));
      left3 = a3.fma(left, left3);
      right3 = a3.fma(right, right3);
      FloatVector a4 = all(a.get(FLOAT, row + 4 * Float.BYTES));
      left4 = a4.fma(left, left4);
      right4 = a4.fma(right, right4);
      FloatVector a5 = all(a.get(FLOAT, row + 5 * Float.BYTES));
      left5 = a5.fma(left, left5);
      right5 = a5.fma(right, right5);
    }
    store(left0, right0, into, 0);
    store(left1, right1, into, 1);
    store(left2, right2, into, 2);
    store(left3, right3, into, 3);
    store(left4, right4, into, 4);
    store(left5, right5, into, 5);
  }

  private static void store(FloatVector left, FloatVector right, MemorySegment into, int row) {
    left.intoMemorySegment(into, (long) row * (2 * BYTES), ORDER);
    right.intoMemorySegment(into, (long) row * (2 * BYTES) + BYTES, ORDER);
  }
}
