package dev.tapscope.tap;

import java.util.Arrays;

/**
 * One call of the model's forward: {@code tokens[i]} is computed at position {@code start + i}.
 *
 * @param index 0-based number of the pass in the run
 * @param sequence 0-based number of the text it belongs to; a new one begins at a new cache object
 *     or when a position does not grow
 * @param start position of the first token
 * @param tokens token ids, a private copy; do not modify
 * @param generated whether the model had sampled these tokens itself
 * @param bos id of the beginning-of-sequence token as the profile states it, or -1
 */
@SuppressWarnings("ArrayRecordComponent") // a value handed to hooks once per pass, never compared
public record Pass(int index, int sequence, int start, int[] tokens, boolean generated, int bos) {

  /** Token id at an absolute position of this pass. */
  public int tokenAt(int position) {
    return tokens[position - start];
  }

  /** Whether a position of this pass holds the beginning-of-sequence token. */
  public boolean isBos(int position) {
    return bos >= 0 && tokenAt(position) == bos;
  }

  public int rows() {
    return tokens.length;
  }

  @Override
  public String toString() {
    return "pass "
        + index
        + " of sequence "
        + sequence
        + " from position "
        + start
        + " "
        + Arrays.toString(tokens);
  }
}
