package gemma2.math;

import java.lang.foreign.MemorySegment;

/**
 * Q4_K: 256 numbers in 144 bytes, in eight groups of 32 that have a scale and a minimum of six bits
 * each.
 *
 * <pre>
 * bytes 0-1     d, fp16
 * bytes 2-3     dmin, fp16
 * bytes 4-15    s: the groups' scales and minima, packed
 * bytes 16-143  q: the low four bits of 32 bytes are a group of even number, the high four the next
 *
 * scale[g] = s[g] &amp; 63                              minimum[g] = s[g + 4] &amp; 63         g &lt; 4
 * scale[g] = s[g + 4] &amp; 15 | (s[g - 4] &gt;&gt; 6) &lt;&lt; 4
 * minimum[g] = s[g + 4] &gt;&gt; 4 | (s[g] &gt;&gt; 6) &lt;&lt; 4                                    g &gt;= 4
 *
 * x[32 g + i] = (d * scale[g]) * q - (dmin * minimum[g])
 * </pre>
 */
final class Q4KBlocks implements BlockFormat {

  private static final int LENGTH = 256;
  private static final int GROUP = 32;
  private static final int GROUPS = LENGTH / GROUP;
  private static final int SCALES = 4;
  private static final int QUANTS = SCALES + 12;
  private static final int BYTES = QUANTS + LENGTH / 2;

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
      float dmin = BlockFormat.half(data, start + 2);
      for (int group = 0; group < GROUPS; group += 2) {
        float lowScale = d * scale(data, start + SCALES, group);
        float lowMinimum = dmin * minimum(data, start + SCALES, group);
        float highScale = d * scale(data, start + SCALES, group + 1);
        float highMinimum = dmin * minimum(data, start + SCALES, group + 1);
        long quants = start + QUANTS + group / 2 * GROUP;
        long low = to + 4L * GROUP * group;
        long high = low + 4L * GROUP;
        for (int i = 0; i < GROUP; i++) {
          int pair = BlockFormat.unsigned(data, quants + i);
          out.set(FLOAT, low + 4L * i, lowScale * (pair & 0xF) - lowMinimum);
          out.set(FLOAT, high + 4L * i, highScale * (pair >> 4) - highMinimum);
        }
      }
    }
  }

  private static int scale(MemorySegment data, long scales, int group) {
    if (group < 4) {
      return BlockFormat.unsigned(data, scales + group) & 63;
    }
    int low = BlockFormat.unsigned(data, scales + group + 4) & 0xF;
    int high = BlockFormat.unsigned(data, scales + group - 4) >> 6;
    return low | high << 4;
  }

  private static int minimum(MemorySegment data, long scales, int group) {
    if (group < 4) {
      return BlockFormat.unsigned(data, scales + group + 4) & 63;
    }
    int low = BlockFormat.unsigned(data, scales + group + 4) >> 4;
    int high = BlockFormat.unsigned(data, scales + group) >> 6;
    return low | high << 4;
  }

  @Override
  public boolean isFinite(MemorySegment data, long from) {
    return Float.isFinite(BlockFormat.half(data, from))
        && Float.isFinite(BlockFormat.half(data, from + 2));
  }
}
