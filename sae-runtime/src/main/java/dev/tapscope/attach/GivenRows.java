package dev.tapscope.attach;

import java.util.List;

/**
 * The rows an edit puts at one address.
 *
 * @param rows one row for every position, or one each for consecutive positions
 * @param first the position of the first of several
 * @param how where they come from, for people: {@code tensor mlp.4 of 128 values}
 * @param notes what should be known of them, in sentences
 */
@SuppressWarnings("ArrayRecordComponent") // read row by row, never compared
record GivenRows(float[][] rows, int first, String how, List<String> notes) {
  static GivenRows everywhere(float[] row, String how, List<String> notes) {
    return new GivenRows(new float[][] {row}, 0, how, notes);
  }

  float[] at(int position) {
    return rows.length == 1 ? rows[0] : rows[position - first];
  }

  int width() {
    return rows[0].length;
  }
}
