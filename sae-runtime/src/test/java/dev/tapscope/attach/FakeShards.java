package dev.tapscope.attach;

import dev.tapscope.tap.ShardSeries;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Shards in memory: every value appended to a tensor, in order. */
final class FakeShards implements ShardSeries {
  final Map<String, List<Number>> tensors = new LinkedHashMap<>();
  private boolean open;

  @Override
  public void begin() {
    if (open) {
      throw new IllegalStateException("begun twice");
    }
    open = true;
  }

  @Override
  public void end() {
    open = false;
  }

  private List<Number> tensor(String name) {
    if (!open) {
      throw new IllegalStateException(name + " is written outside a group");
    }
    return tensors.computeIfAbsent(name, n -> new ArrayList<>());
  }

  @Override
  public void floats(String name, String dtype, float[] row, int width) {
    values(name, row, width);
  }

  @Override
  public void values(String name, float[] values, int count) {
    List<Number> tensor = tensor(name);
    for (int i = 0; i < count; i++) {
      tensor.add(values[i]);
    }
  }

  @Override
  public void ints(String name, int[] values, int count) {
    List<Number> tensor = tensor(name);
    for (int i = 0; i < count; i++) {
      tensor.add(values[i]);
    }
  }

  @Override
  public void longs(String name, long... row) {
    List<Number> tensor = tensor(name);
    for (long value : row) {
      tensor.add(value);
    }
  }

  @Override
  public void pointer(String name, long count) {
    List<Number> tensor = tensor(name);
    if (tensor.isEmpty()) {
      tensor.add(0L);
    }
    tensor.add(tensor.getLast().longValue() + count);
  }
}
