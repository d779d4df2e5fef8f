package dev.tapscope.capture;

import dev.tapscope.folder.Dtype;
import dev.tapscope.folder.FloatCodec;
import dev.tapscope.folder.Shards;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of one pass, kept aside until it is known to end well. Used by the thread of the pass.
 */
final class PassRows {
  private static final int NO_KEYS = -1;

  private record Row(
      Address address, int position, int head, int firstKey, int width, byte[] values) {}

  private final Pass pass;
  private final Dtype dtype;
  private final List<Row> rows = new ArrayList<>();

  PassRows(Pass pass, Dtype dtype) {
    this.pass = pass;
    this.dtype = dtype;
  }

  /** Copies the rows of one fire. */
  void add(Activation activation) {
    float[] values = new float[0];
    for (int row = 0; row < activation.rows(); row++) {
      int width = activation.width(row);
      if (values.length < width) {
        values = new float[width];
      }
      activation.read(row, values);
      if (dtype == Dtype.F16) {
        Shards.checkF16(activation.address().toString(), values, width);
      }
      int head = activation.head(row);
      rows.add(
          new Row(
              activation.address(),
              activation.position(row),
              head,
              head < 0 ? NO_KEYS : activation.firstKey(row),
              width,
              FloatCodec.encode(values, width, dtype)));
    }
  }

  /** Appends the tokens of the pass and its rows, as one group. */
  void writeTo(Shards shards) {
    tokens(shards);
    for (Row row : rows) {
      String name = row.address().toString();
      if (row.head() < 0) {
        shards.encodedRow(name, dtype, row.width(), row.values());
        shards.longs(name + ".rows", pass.sequence(), row.position(), pass.index());
      } else {
        shards.longs(name + ".rows", pass.sequence(), row.position(), row.head());
        shards.pointer(name + ".indptr", row.width());
        shards.ints(name + ".index", keys(row), row.width());
        shards.encodedValues(name + ".value", dtype, row.values());
      }
    }
  }

  private void tokens(Shards shards) {
    shards.ints("tokens", pass.tokens(), pass.rows());
    int[] generated = new int[pass.rows()];
    Arrays.fill(generated, pass.generated() ? 1 : 0);
    shards.ints("tokens.generated", generated, pass.rows());
    for (int i = 0; i < pass.rows(); i++) {
      shards.longs("tokens.rows", pass.sequence(), pass.start() + i);
    }
  }

  private static int[] keys(Row row) {
    int[] keys = new int[row.width()];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = row.firstKey() + i;
    }
    return keys;
  }
}
