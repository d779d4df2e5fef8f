package dev.tapscope.cuda;

import java.util.Arrays;

/** Active features of rows as they come: entries of a row, then its end. */
final class Collected {
  private final int[] starts;
  private int rows;
  private int entries;
  private int[] features = new int[1024];
  private float[] values = new float[1024];

  Collected(int rows) {
    starts = new int[rows + 1];
  }

  void add(int feature, float value) {
    if (entries == features.length) {
      int longer = Math.toIntExact(Math.min(2L * entries, Integer.MAX_VALUE - 8));
      features = Arrays.copyOf(features, longer);
      values = Arrays.copyOf(values, longer);
    }
    features[entries] = feature;
    values[entries] = value;
    entries++;
  }

  void endRow() {
    rows++;
    starts[rows] = entries;
  }

  ActiveLists finish() {
    return new ActiveLists(
        starts, Arrays.copyOf(features, entries), Arrays.copyOf(values, entries));
  }
}
