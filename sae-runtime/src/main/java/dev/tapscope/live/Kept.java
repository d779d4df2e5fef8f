package dev.tapscope.live;

import java.util.Set;

/**
 * Which rows are trained on and measured.
 *
 * @param bos whether those of the beginning-of-sequence token are
 * @param leftOut token ids whose rows are not
 */
public record Kept(boolean bos, Set<Integer> leftOut) {
  public Kept {
    leftOut = Set.copyOf(leftOut);
  }

  /** Whether the row of token {@code i} of a pass is one of them. */
  public boolean has(LivePass pass, int i) {
    return (bos || !pass.isBos(i)) && !leftOut.contains(pass.tokens()[i]);
  }
}
