package dev.tapscope.live;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One pass of a model, with its rows.
 *
 * @param sequence 0-based number of the text in the run
 * @param start position of the first token
 * @param tokens what the pass computed, in order
 * @param generated whether the model had sampled the tokens itself
 * @param bos id of the beginning-of-sequence token, or -1 where the profile states none
 * @param rows by canonical address, {@code [tokens, width]}: row {@code i} is of token {@code i}
 * @param losses in nats, of those tokens of the pass that something stands before, in order: {@code
 *     -log p(token | all before it)}. Empty where none were asked for, and for generated tokens
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record LivePass(
    int sequence,
    int start,
    int[] tokens,
    boolean generated,
    int bos,
    SortedMap<String, float[]> rows,
    double[] losses) {
  public LivePass {
    rows = Collections.unmodifiableSortedMap(new TreeMap<>(rows));
  }

  /** Number of values in a row of an address that is there. */
  public int width(String address) {
    return rows.get(address).length / tokens.length;
  }

  /** Whether token {@code i} of the pass is the beginning-of-sequence token. */
  public boolean isBos(int i) {
    return bos >= 0 && tokens[i] == bos;
  }
}
