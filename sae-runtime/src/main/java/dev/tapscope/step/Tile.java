package dev.tapscope.step;

import static dev.tapscope.step.Lanes.BYTES;
import static dev.tapscope.step.Lanes.COUNT;
import static dev.tapscope.step.Lanes.FLOATS;
import static dev.tapscope.step.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The product of two packed panels, {@link #ROWS} x {@link #COLUMNS} sums at a time, all of them in
 * registers: {@code into[r][c] += sum over k of a[k][r] b[k][c]}. Each sum is one chain of fused
 * multiply-adds in the order of {@code k}, the same whatever the shape of the tile, and however
 * many steps of it are taken at a time.
 *
 * <p>Written out, because the compiler keeps local variables in registers and nothing else, and not
 * even those where they are handed to a method that it does not inline into this long one.
 *
 * <p>Arrays, because this method is at the limit of the JVM's first compiler: with more segments it
 * gives up ("out of virtual registers"), and then the JVM may never get to its second one. {@code
 * b} cannot be one: an array's elements do not begin on a cache line, and each of its loads would
 * read two.
 */
final class Tile {
  /** Width of the panel {@code a}. */
  static final int ROWS = 12;

  /** Width of the panel {@code b}. */
  static final int COLUMNS = 2 * Lanes.COUNT;

  static final int FLOATS_OF_A_TILE = ROWS * COLUMNS;

  private static final int HALF = ROWS / 2;

  /** Processors have 32 vector registers where those have 512 bits, and perhaps 16 elsewhere. */
  private static final boolean WHOLE = FLOATS.vectorBitSize() >= 512;

  private Tile() {}

  /**
   * @param a a panel, {@code [depth][ROWS]}
   * @param b a panel, {@code [depth][COLUMNS]}
   * @param into {@code [ROWS][COLUMNS]}
   */
  static void add(float[] a, int atA, MemorySegment b, long atB, int depth, float[] into, int at) {
    if (WHOLE) {
      addWhole(a, atA, b, atB, depth, into, at);
    } else {
      addHalf(a, atA, b, atB, depth, into, at);
      addHalf(a, atA + HALF, b, atB, depth, into, at + HALF * COLUMNS);
    }
  }

  private static void addWhole(
      float[] a, int atA, MemorySegment b, long atB, int depth, float[] into, int at) {
    FloatVector left0 = FloatVector.fromArray(FLOATS, into, at);
    FloatVector right0 = FloatVector.fromArray(FLOATS, into, at + COUNT);
    FloatVector left1 = FloatVector.fromArray(FLOATS, into, at + 2 * COUNT);
    FloatVector right1 = FloatVector.fromArray(FLOATS, into, at + 3 * COUNT);
    FloatVector left2 = FloatVector.fromArray(FLOATS, into, at + 4 * COUNT);
    FloatVector right2 = FloatVector.fromArray(FLOATS, into, at + 5 * COUNT);
    FloatVector left3 = FloatVector.fromArray(FLOATS, into, at + 6 * COUNT);
    FloatVector right3 = FloatVector.fromArray(FLOATS, into, at + 7 * COUNT);
    FloatVector left4 = FloatVector.fromArray(FLOATS, into, at + 8 * COUNT);
    FloatVector right4 = FloatVector.fromArray(FLOATS, into, at + 9 * COUNT);
    FloatVector left5 = FloatVector.fromArray(FLOATS, into, at + 10 * COUNT);
    FloatVector right5 = FloatVector.fromArray(FLOATS, into, at + 11 * COUNT);
    FloatVector left6 = FloatVector.fromArray(FLOATS, into, at + 12 * COUNT);
    FloatVector right6 = FloatVector.fromArray(FLOATS, into, at + 13 * COUNT);
    FloatVector left7 = FloatVector.fromArray(FLOATS, into, at + 14 * COUNT);
    FloatVector right7 = FloatVector.fromArray(FLOATS, into, at + 15 * COUNT);
    FloatVector left8 = FloatVector.fromArray(FLOATS, into, at + 16 * COUNT);
    FloatVector right8 = FloatVector.fromArray(FLOATS, into, at + 17 * COUNT);
    FloatVector left9 = FloatVector.fromArray(FLOATS, into, at + 18 * COUNT);
    FloatVector right9 = FloatVector.fromArray(FLOATS, into, at + 19 * COUNT);
    FloatVector left10 = FloatVector.fromArray(FLOATS, into, at + 20 * COUNT);
    FloatVector right10 = FloatVector.fromArray(FLOATS, into, at + 21 * COUNT);
    FloatVector left11 = FloatVector.fromArray(FLOATS, into, at + 22 * COUNT);
    FloatVector right11 = FloatVector.fromArray(FLOATS, into, at + 23 * COUNT);
    for (int k = 0; k < depth; k++) {
      int row = atA + k * ROWS;
      long column = atB + (long) k * (2 * BYTES);
      FloatVector left = FloatVector.fromMemorySegment(FLOATS, b, column, ORDER);
      FloatVector right = FloatVector.fromMemorySegment(FLOATS, b, column + BYTES, ORDER);
      FloatVector a0 = FloatVector.broadcast(FLOATS, a[row]);
      left0 = a0.fma(left, left0);
      right0 = a0.fma(right, right0);
      FloatVector a1 = FloatVector.broadcast(FLOATS, a[row + 1]);
      left1 = a1.fma(left, left1);
      right1 = a1.fma(right, right1);
      FloatVector a2 = FloatVector.broadcast(FLOATS, a[row + 2]);
      left2 = a2.fma(left, left2);
      right2 = a2.fma(right, right2);
      FloatVector a3 = FloatVector.broadcast(FLOATS, a[row + 3]);
      left3 = a3.fma(left, left3);
      right3 = a3.fma(right, right3);
      FloatVector a4 = FloatVector.broadcast(FLOATS, a[row + 4]);
      left4 = a4.fma(left, left4);
      right4 = a4.fma(right, right4);
      FloatVector a5 = FloatVector.broadcast(FLOATS, a[row + 5]);
      left5 = a5.fma(left, left5);
      right5 = a5.fma(right, right5);
      FloatVector a6 = FloatVector.broadcast(FLOATS, a[row + 6]);
      left6 = a6.fma(left, left6);
      right6 = a6.fma(right, right6);
      FloatVector a7 = FloatVector.broadcast(FLOATS, a[row + 7]);
      left7 = a7.fma(left, left7);
      right7 = a7.fma(right, right7);
      FloatVector a8 = FloatVector.broadcast(FLOATS, a[row + 8]);
      left8 = a8.fma(left, left8);
      right8 = a8.fma(right, right8);
      FloatVector a9 = FloatVector.broadcast(FLOATS, a[row + 9]);
      left9 = a9.fma(left, left9);
      right9 = a9.fma(right, right9);
      FloatVector a10 = FloatVector.broadcast(FLOATS, a[row + 10]);
      left10 = a10.fma(left, left10);
      right10 = a10.fma(right, right10);
      FloatVector a11 = FloatVector.broadcast(FLOATS, a[row + 11]);
      left11 = a11.fma(left, left11);
      right11 = a11.fma(right, right11);
    }
    left0.intoArray(into, at);
    right0.intoArray(into, at + COUNT);
    left1.intoArray(into, at + 2 * COUNT);
    right1.intoArray(into, at + 3 * COUNT);
    left2.intoArray(into, at + 4 * COUNT);
    right2.intoArray(into, at + 5 * COUNT);
    left3.intoArray(into, at + 6 * COUNT);
    right3.intoArray(into, at + 7 * COUNT);
    left4.intoArray(into, at + 8 * COUNT);
    right4.intoArray(into, at + 9 * COUNT);
    left5.intoArray(into, at + 10 * COUNT);
    right5.intoArray(into, at + 11 * COUNT);
    left6.intoArray(into, at + 12 * COUNT);
    right6.intoArray(into, at + 13 * COUNT);
    left7.intoArray(into, at + 14 * COUNT);
    right7.intoArray(into, at + 15 * COUNT);
    left8.intoArray(into, at + 16 * COUNT);
    right8.intoArray(into, at + 17 * COUNT);
    left9.intoArray(into, at + 18 * COUNT);
    right9.intoArray(into, at + 19 * COUNT);
    left10.intoArray(into, at + 20 * COUNT);
    right10.intoArray(into, at + 21 * COUNT);
    left11.intoArray(into, at + 22 * COUNT);
    right11.intoArray(into, at + 23 * COUNT);
  }

  private static void addHalf(
      float[] a, int atA, MemorySegment b, long atB, int depth, float[] into, int at) {
    FloatVector left0 = FloatVector.fromArray(FLOATS, into, at);
    FloatVector right0 = FloatVector.fromArray(FLOATS, into, at + COUNT);
    FloatVector left1 = FloatVector.fromArray(FLOATS, into, at + 2 * COUNT);
    FloatVector right1 = FloatVector.fromArray(FLOATS, into, at + 3 * COUNT);
    FloatVector left2 = FloatVector.fromArray(FLOATS, into, at + 4 * COUNT);
    FloatVector right2 = FloatVector.fromArray(FLOATS, into, at + 5 * COUNT);
    FloatVector left3 = FloatVector.fromArray(FLOATS, into, at + 6 * COUNT);
    FloatVector right3 = FloatVector.fromArray(FLOATS, into, at + 7 * COUNT);
    FloatVector left4 = FloatVector.fromArray(FLOATS, into, at + 8 * COUNT);
    FloatVector right4 = FloatVector.fromArray(FLOATS, into, at + 9 * COUNT);
    FloatVector left5 = FloatVector.fromArray(FLOATS, into, at + 10 * COUNT);
    FloatVector right5 = FloatVector.fromArray(FLOATS, into, at + 11 * COUNT);
    for (int k = 0; k < depth; k++) {
      int row = atA + k * ROWS;
      long column = atB + (long) k * (2 * BYTES);
      FloatVector left = FloatVector.fromMemorySegment(FLOATS, b, column, ORDER);
      FloatVector right = FloatVector.fromMemorySegment(FLOATS, b, column + BYTES, ORDER);
      FloatVector a0 = FloatVector.broadcast(FLOATS, a[row]);
      left0 = a0.fma(left, left0);
      right0 = a0.fma(right, right0);
      FloatVector a1 = FloatVector.broadcast(FLOATS, a[row + 1]);
      left1 = a1.fma(left, left1);
      right1 = a1.fma(right, right1);
      FloatVector a2 = FloatVector.broadcast(FLOATS, a[row + 2]);
      left2 = a2.fma(left, left2);
      right2 = a2.fma(right, right2);
      FloatVector a3 = FloatVector.broadcast(FLOATS, a[row + 3]);
      left3 = a3.fma(left, left3);
      right3 = a3.fma(right, right3);
      FloatVector a4 = FloatVector.broadcast(FLOATS, a[row + 4]);
      left4 = a4.fma(left, left4);
      right4 = a4.fma(right, right4);
      FloatVector a5 = FloatVector.broadcast(FLOATS, a[row + 5]);
      left5 = a5.fma(left, left5);
      right5 = a5.fma(right, right5);
    }
    left0.intoArray(into, at);
    right0.intoArray(into, at + COUNT);
    left1.intoArray(into, at + 2 * COUNT);
    right1.intoArray(into, at + 3 * COUNT);
    left2.intoArray(into, at + 4 * COUNT);
    right2.intoArray(into, at + 5 * COUNT);
    left3.intoArray(into, at + 6 * COUNT);
    right3.intoArray(into, at + 7 * COUNT);
    left4.intoArray(into, at + 8 * COUNT);
    right4.intoArray(into, at + 9 * COUNT);
    left5.intoArray(into, at + 10 * COUNT);
    right5.intoArray(into, at + 11 * COUNT);
  }
}
