package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Turns rows into columns: the square of {@link Lanes#COUNT} rows and as many numbers swaps two of
 * its quarters, then each quarter does so, down to single numbers.
 */
final class Turn {

  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorMask<Float> UPPER_1 = upper(1);
  private static final VectorMask<Float> UPPER_2 = upper(2);
  private static final VectorMask<Float> UPPER_4 = upper(4);
  private static final VectorMask<Float> UPPER_8 = upper(8);

  private Turn() {}

  /**
   * Turns a square: {@code to[at + i * stride + r] = from[first + r * row + i]}, for i and r below
   * {@link Lanes#COUNT}.
   *
   * @param square that many squared, to work in
   */
  static void square(
      float[] from, int first, int row, float[] square, float[] to, int at, int stride) {
    switch (COUNT) {
      case 4 -> two(from, first, row, to, at, stride);
      case 8 -> {
        four(from, first, row, square);
        two(square, 0, COUNT, to, at, stride);
        two(square, 4 * COUNT, COUNT, to, at + 4 * stride, stride);
      }
      default -> {
        eight(from, first, row, square);
        for (int r = 0; r < 16; r += 4) {
          two(square, r * COUNT, COUNT, to, at + r * stride, stride);
        }
      }
    }
  }

  /** Whether such weights can be turned as they are read, without a copy of their rows before. */
  static boolean reads(Dtype dtype) {
    return COUNT == 16 && dtype.blockLength() == 1;
  }

  /**
   * Turns a square of stored weights: {@code to[at + i * stride + r]} is number i of its row r, for
   * i and r below {@link Lanes#COUNT}.
   *
   * @param first the byte where its first number is stored
   * @param row bytes from one row to the next
   * @param square as many floats as the square has, to work in
   */
  static void stored(
      Matrix w, long first, long row, float[] square, float[] to, int at, int stride) {
    switch (w.dtype()) {
      case F32 -> eightF32(w.data(), first, row, square);
      case BF16 -> eightBf16(w.data(), first, row, square);
      case F16 -> eightF16(w.data(), first, row, square);
      default -> throw new IllegalArgumentException(w.dtype() + " comes in blocks.");
    }
    for (int r = 0; r < 16; r += 4) {
      two(square, r * COUNT, COUNT, to, at + r * stride, stride);
    }
  }

  private static void eight(float[] from, int first, int row, float[] to) {
    for (int r = 0; r < 4; r++) {
      int at = first + r * row;
      eight(
          FloatVector.fromArray(FLOATS, from, at),
          FloatVector.fromArray(FLOATS, from, at + 4 * row),
          FloatVector.fromArray(FLOATS, from, at + 8 * row),
          FloatVector.fromArray(FLOATS, from, at + 12 * row),
          to,
          r);
    }
  }

  private static void eightF32(MemorySegment from, long first, long row, float[] to) {
    for (int r = 0; r < 4; r++) {
      long at = first + r * row;
      eight(
          Widening.f32(from, at),
          Widening.f32(from, at + 4 * row),
          Widening.f32(from, at + 8 * row),
          Widening.f32(from, at + 12 * row),
          to,
          r);
    }
  }

  private static void eightBf16(MemorySegment from, long first, long row, float[] to) {
    for (int r = 0; r < 4; r++) {
      long at = first + r * row;
      eight(
          Widening.bf16(from, at),
          Widening.bf16(from, at + 4 * row),
          Widening.bf16(from, at + 8 * row),
          Widening.bf16(from, at + 12 * row),
          to,
          r);
    }
  }

  private static void eightF16(MemorySegment from, long first, long row, float[] to) {
    for (int r = 0; r < 4; r++) {
      long at = first + r * row;
      eight(
          Widening.f16(from, at),
          Widening.f16(from, at + 4 * row),
          Widening.f16(from, at + 8 * row),
          Widening.f16(from, at + 12 * row),
          to,
          r);
    }
  }

  /** Swaps 8 apart, then 4, in rows that are 4 apart. */
  private static void eight(
      FloatVector a, FloatVector b, FloatVector c, FloatVector d, float[] to, int r) {
    FloatVector ac = a.blend(c.rearrange(SWAP_8), UPPER_8);
    FloatVector ca = a.rearrange(SWAP_8).blend(c, UPPER_8);
    FloatVector bd = b.blend(d.rearrange(SWAP_8), UPPER_8);
    FloatVector db = b.rearrange(SWAP_8).blend(d, UPPER_8);
    ac.blend(bd.rearrange(SWAP_4), UPPER_4).intoArray(to, r * COUNT);
    ac.rearrange(SWAP_4).blend(bd, UPPER_4).intoArray(to, (r + 4) * COUNT);
    ca.blend(db.rearrange(SWAP_4), UPPER_4).intoArray(to, (r + 8) * COUNT);
    ca.rearrange(SWAP_4).blend(db, UPPER_4).intoArray(to, (r + 12) * COUNT);
  }

  /** Swaps 4 apart. */
  private static void four(float[] from, int first, int row, float[] to) {
    for (int r = 0; r < 4; r++) {
      FloatVector a = FloatVector.fromArray(FLOATS, from, first + r * row);
      FloatVector b = FloatVector.fromArray(FLOATS, from, first + (r + 4) * row);
      a.blend(b.rearrange(SWAP_4), UPPER_4).intoArray(to, r * COUNT);
      a.rearrange(SWAP_4).blend(b, UPPER_4).intoArray(to, (r + 4) * COUNT);
    }
  }

  /** Swaps 2 apart, then 1, in four rows. */
  private static void two(float[] from, int first, int row, float[] to, int at, int stride) {
    FloatVector a = FloatVector.fromArray(FLOATS, from, first);
    FloatVector b = FloatVector.fromArray(FLOATS, from, first + row);
    FloatVector c = FloatVector.fromArray(FLOATS, from, first + 2 * row);
    FloatVector d = FloatVector.fromArray(FLOATS, from, first + 3 * row);
    FloatVector ac = a.blend(c.rearrange(SWAP_2), UPPER_2);
    FloatVector ca = a.rearrange(SWAP_2).blend(c, UPPER_2);
    FloatVector bd = b.blend(d.rearrange(SWAP_2), UPPER_2);
    FloatVector db = b.rearrange(SWAP_2).blend(d, UPPER_2);
    ac.blend(bd.rearrange(SWAP_1), UPPER_1).intoArray(to, at);
    ac.rearrange(SWAP_1).blend(bd, UPPER_1).intoArray(to, at + stride);
    ca.blend(db.rearrange(SWAP_1), UPPER_1).intoArray(to, at + 2 * stride);
    ca.rearrange(SWAP_1).blend(db, UPPER_1).intoArray(to, at + 3 * stride);
  }

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(FLOATS, i -> (i ^ distance) % COUNT);
  }

  private static VectorMask<Float> upper(int distance) {
    long lanes = 0;
    for (int i = 0; i < COUNT; i++) {
      lanes |= (i & distance) == 0 ? 0 : 1L << i;
    }
    return VectorMask.fromLong(FLOATS, lanes);
  }
}
