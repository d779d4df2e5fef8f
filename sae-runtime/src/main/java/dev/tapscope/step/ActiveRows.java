package dev.tapscope.step;

/** The active features of each token of a batch, in the order of features. */
final class ActiveRows {
  private int[] starts = {0};
  private int[] features = {};
  private float[] z = {};

  /** Sorts the active ones of all entries by token, by counting. */
  void sort(Entries entries, Gate gate, int rows) {
    starts = new int[rows + 1];
    int total = Math.toIntExact(entries.active());
    if (total > features.length) {
      int capacity = (int) Math.min(Integer.MAX_VALUE - 8L, total + total / 4L);
      features = new int[capacity];
      z = new float[capacity];
    }
    forEach(entries, gate, (token, feature, value) -> starts[token + 1]++);
    for (int t = 0; t < rows; t++) {
      starts[t + 1] += starts[t];
    }
    int[] next = starts.clone();
    forEach(
        entries,
        gate,
        (token, feature, value) -> {
          int at = next[token]++;
          features[at] = feature;
          z[at] = value;
        });
  }

  private interface Visitor {
    void visit(int token, int feature, float value);
  }

  private static void forEach(Entries entries, Gate gate, Visitor visitor) {
    for (int number = 0; number < entries.blocks(); number++) {
      Entries.Block block = entries.block(number);
      for (int i = 0; i < Entries.BLOCK; i++) {
        int feature = number * Entries.BLOCK + i;
        for (int e = block.start(i); e < block.end(i); e++) {
          if (gate.active(feature, block.z(e))) {
            visitor.visit(block.token(e), feature, block.z(e));
          }
        }
      }
    }
  }

  int start(int token) {
    return starts[token];
  }

  int end(int token) {
    return starts[token + 1];
  }

  int l0(int token) {
    return starts[token + 1] - starts[token];
  }

  int feature(int at) {
    return features[at];
  }

  float z(int at) {
    return z[at];
  }
}
