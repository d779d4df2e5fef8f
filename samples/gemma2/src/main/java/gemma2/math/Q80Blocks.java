package gemma2.math;

import java.lang.foreign.MemorySegment;

/**
 * Q8_0: 32 numbers in 34 bytes.
 *
 * <pre>
 * bytes 0-1    d, fp16
 * bytes 2-33   q, a signed byte each
 *
 * x[i] = d * q[i]
 * </pre>
 */
final class Q80Blocks implements BlockFormat {

  private static final int LENGTH = 32;
  private static final int BYTES = 2 + LENGTH;

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
      for (int i = 0; i < LENGTH; i++) {
        out.set(FLOAT, to + 4L * i, d * BlockFormat.signed(data, start + 2 + i));
      }
    }
  }

  @Override
  public boolean isFinite(MemorySegment data, long from) {
    return Float.isFinite(BlockFormat.half(data, from));
  }
}
