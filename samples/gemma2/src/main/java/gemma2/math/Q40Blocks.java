package gemma2.math;

import java.lang.foreign.MemorySegment;

/**
 * Q4_0: 32 numbers in 18 bytes.
 *
 * <pre>
 * bytes 0-1    d, fp16
 * bytes 2-17   q: the low four bits of byte i are q[i], the high four are q[i + 16]
 *
 * x[i] = d * (q[i] - 8)
 * </pre>
 */
final class Q40Blocks implements BlockFormat {

  private static final int LENGTH = 32;
  private static final int HALF = LENGTH / 2;
  private static final int BYTES = 2 + HALF;

  @Override
  public int length() {
    return LENGTH;
  }

  @Override
  public int bytes() {
    return BYTES;
  }

  @Override
  public void widen(MemorySegment data, long from, int blocks, MemorySegment out, long at) {
    for (int block = 0; block < blocks; block++) {
      long start = from + (long) block * BYTES;
      long to = at + (long) block * LENGTH * Float.BYTES;
      float d = BlockFormat.half(data, start);
      for (int i = 0; i < HALF; i++) {
        int pair = BlockFormat.unsigned(data, start + 2 + i);
        out.set(FLOAT, to + 4L * i, d * ((pair & 0xF) - 8));
        out.set(FLOAT, to + 4L * (i + HALF), d * ((pair >> 4) - 8));
      }
    }
  }

  @Override
  public boolean isFinite(MemorySegment data, long from) {
    return Float.isFinite(BlockFormat.half(data, from));
  }
}
