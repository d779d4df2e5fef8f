package gemma2.math;

import java.lang.foreign.MemorySegment;

/**
 * Q6_K: 256 numbers in 210 bytes, in sixteen groups of 16 that have a signed scale each.
 *
 * <pre>
 * bytes 0-127    l, the low four bits of the numbers
 * bytes 128-191  h, their high two bits
 * bytes 192-207  s, the groups' scales, a signed byte each
 * bytes 208-209  d, fp16
 *
 * Of each half of 128 numbers, with 64 bytes of l, 32 of h and 8 of s, for i below 32:
 * q[i]      = (l[i] &amp; 15)      | (h[i]      &amp; 3) &lt;&lt; 4
 * q[i + 32] = (l[i + 32] &amp; 15) | (h[i] &gt;&gt; 2 &amp; 3) &lt;&lt; 4
 * q[i + 64] = (l[i] &gt;&gt; 4)      | (h[i] &gt;&gt; 4 &amp; 3) &lt;&lt; 4
 * q[i + 96] = (l[i + 32] &gt;&gt; 4) | (h[i] &gt;&gt; 6 &amp; 3) &lt;&lt; 4
 *
 * x[j] = (d * s[j / 16]) * (q[j] - 32)
 * </pre>
 */
final class Q6KBlocks implements BlockFormat {

  private static final int LENGTH = 256;
  private static final int HALF = LENGTH / 2;
  private static final int GROUP = 16;
  private static final int QUARTER = HALF / 4;
  private static final int HIGH_BITS = LENGTH / 2;
  private static final int SCALES = HIGH_BITS + LENGTH / 4;
  private static final int SCALE = SCALES + LENGTH / GROUP;
  private static final int BYTES = SCALE + 2;

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
      float d = BlockFormat.half(data, start + SCALE);
      for (int group = 0; group < HALF / GROUP / 4; group++) {
        widenGroups(data, start, 0, group, d, out, to);
        widenGroups(data, start, 1, group, d, out, to);
      }
    }
  }

  /** A group in each quarter of a half: the four that share bytes of l and h. */
  private static void widenGroups(
      MemorySegment data, long start, int half, int group, float d, MemorySegment out, long to) {
    long low = start + half * (HALF / 2) + group * GROUP;
    long high = start + HIGH_BITS + half * QUARTER + group * GROUP;
    long scales = start + SCALES + half * (HALF / GROUP) + group;
    float d0 = d * BlockFormat.signed(data, scales);
    float d1 = d * BlockFormat.signed(data, scales + 2);
    float d2 = d * BlockFormat.signed(data, scales + 4);
    float d3 = d * BlockFormat.signed(data, scales + 6);
    long first = to + 4L * (half * HALF + group * GROUP);
    for (int i = 0; i < GROUP; i++) {
      int l0 = BlockFormat.unsigned(data, low + i);
      int l1 = BlockFormat.unsigned(data, low + QUARTER + i);
      int h = BlockFormat.unsigned(data, high + i);
      long x = first + 4L * i;
      out.set(FLOAT, x, d0 * ((l0 & 0xF | (h & 3) << 4) - 32));
      out.set(FLOAT, x + 4L * QUARTER, d1 * ((l1 & 0xF | (h >> 2 & 3) << 4) - 32));
      out.set(FLOAT, x + 8L * QUARTER, d2 * ((l0 >> 4 | (h >> 4 & 3) << 4) - 32));
      out.set(FLOAT, x + 12L * QUARTER, d3 * ((l1 >> 4 | h >> 6 << 4) - 32));
    }
  }

  @Override
  public boolean isFinite(MemorySegment data, long from) {
    return Float.isFinite(BlockFormat.half(data, from + SCALE));
  }
}
