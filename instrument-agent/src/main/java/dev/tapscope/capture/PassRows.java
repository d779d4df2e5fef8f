package dev.tapscope.capture;

import dev.tapscope.folder.Dtype;
import dev.tapscope.folder.Shards;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of one pass, kept aside until it is known to end well. Thread-safe: a pass may have
 * several threads.
 */
final class PassRows {
  /** What one fire has shown, copied once out of the model. */
  private sealed interface Part {
    void writeTo(Shards shards, Dtype dtype, Pass pass);
  }

  private final Pass pass;
  private final Dtype dtype;
  private final List<Part> parts = new ArrayList<>();

  PassRows(Pass pass, Dtype dtype) {
    this.pass = pass;
    this.dtype = dtype;
  }

  /** Copies the rows of one fire. */
  void add(Activation activation) {
    int rows = activation.rows();
    int from = 0;
    while (from < rows) {
      boolean dense = activation.head(from) < 0;
      int to = dense ? endOfWidth(activation, from, rows) : from + 1;
      float[] values = copy(activation, from, to);
      int position = activation.position(from);
      keep(
          dense
              ? new Dense(activation.address(), position, to - from, values)
              : new Attention(
                  activation.address(),
                  position,
                  activation.head(from),
                  activation.firstKey(from),
                  values));
      from = to;
    }
  }

  /** Rows of one width lie together; a row of another one is refused where it is written. */
  private static int endOfWidth(Activation activation, int from, int rows) {
    int to = from + 1;
    while (to < rows && activation.width(to) == activation.width(from)) {
      to++;
    }
    return to;
  }

  private float[] copy(Activation activation, int from, int to) {
    int width = activation.width(from);
    float[] values = new float[Math.multiplyExact(to - from, width)];
    for (int row = from; row < to; row++) {
      int at = (row - from) * width;
      activation.read(row, values, at);
      if (dtype == Dtype.F16) {
        Shards.checkF16(activation.address().toString(), values, at, width);
      }
    }
    return values;
  }

  private synchronized void keep(Part part) {
    parts.add(part);
  }

  /** Appends the tokens of the pass and its rows, as one group. */
  synchronized void writeTo(Shards shards) {
    tokens(shards);
    parts.forEach(part -> part.writeTo(shards, dtype, pass));
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

  /** Rows of successive positions, all of one width, one after the other. */
  private record Dense(Address address, int position, int rows, float[] values) implements Part {
    @Override
    public void writeTo(Shards shards, Dtype dtype, Pass pass) {
      String name = address.toString();
      shards.rows(name, dtype, values.length / rows, values);
      shards.places(name + ".rows", pass.sequence(), position, rows, pass.index());
    }
  }

  /** What one query sees in one head. */
  private record Attention(Address address, int position, int head, int firstKey, float[] values)
      implements Part {
    @Override
    public void writeTo(Shards shards, Dtype dtype, Pass pass) {
      String name = address.toString();
      shards.longs(name + ".rows", pass.sequence(), position, head);
      shards.pointer(name + ".indptr", values.length);
      shards.ints(name + ".index", keys(), values.length);
      shards.values(name + ".value", dtype, values);
    }

    private int[] keys() {
      int[] keys = new int[values.length];
      Arrays.setAll(keys, i -> firstKey + i);
      return keys;
    }
  }
}
