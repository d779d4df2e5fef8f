package dev.tapscope.recording;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.StoredArray;
import dev.tapscope.recording.FeatureTable.Firing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Features out of the feature shards of one run. */
final class FeatureReader {
  private static final String POINTER = ".indptr";

  private final Map<Long, Integer> places = new HashMap<>();
  private final Map<String, List<List<Firing>>> tables = new LinkedHashMap<>();
  private final boolean incomplete;
  private int dropped;

  /**
   * @param incomplete whether the run did not end well, so that a shard of features may have been
   *     closed whose tokens were never written
   */
  FeatureReader(List<RecordedToken> tokens, boolean incomplete) {
    this.incomplete = incomplete;
    for (int i = 0; i < tokens.size(); i++) {
      RecordedToken token = tokens.get(i);
      places.put(TokenReader.order(token.sequence(), token.position()), i);
    }
  }

  /** What each SAE said, a row a token. */
  List<FeatureTable> tables() {
    return tables.entrySet().stream()
        .map(entry -> new FeatureTable(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** Rows left out because their tokens were never written. */
  int dropped() {
    return dropped;
  }

  void read(Safetensors shard) {
    for (String tensor : shard.tensors().keySet()) {
      if (tensor.endsWith(POINTER)) {
        String name = tensor.substring(0, tensor.length() - POINTER.length());
        read(shard, name, tables.computeIfAbsent(name, n -> empty(places.size())));
      }
    }
  }

  private void read(Safetensors shard, String name, List<List<Firing>> into) {
    long[] pointer = array(shard, name + POINTER).longs();
    long[] index = array(shard, name + ".index").longs();
    float[] value = array(shard, name + ".value").floats();
    long[] rows = array(shard, name + ".rows").longs();
    int count = pointer.length - 1;
    if (count < 0 || rows.length != 3L * count) {
      throw Shards.corrupt(
          shard, "%s has %d row pointers and %d row numbers".formatted(name, count, rows.length));
    }
    if (index.length != value.length || pointer[0] != 0 || pointer[count] != index.length) {
      throw Shards.corrupt(
          shard,
          "%s has %d indices and %d values for rows %d to %d"
              .formatted(name, index.length, value.length, pointer[0], pointer[count]));
    }
    for (int row = 0; row < count; row++) {
      if (pointer[row + 1] < pointer[row] || pointer[row + 1] > index.length) {
        throw Shards.corrupt(shard, "row %d of %s ends before it begins".formatted(row, name));
      }
      int sequence = Shards.small(shard, rows[3 * row]);
      int position = Shards.small(shard, rows[3 * row + 1]);
      Integer place = places.get(TokenReader.order(sequence, position));
      if (place == null && incomplete) {
        dropped++;
        continue;
      }
      if (place == null) {
        throw Shards.corrupt(
            shard,
            "%s has features at position %d of sequence %d, where the run has no token"
                .formatted(name, position, sequence));
      }
      List<Firing> firings = new ArrayList<>();
      for (int i = (int) pointer[row]; i < pointer[row + 1]; i++) {
        firings.add(new Firing(Shards.small(shard, index[i]), value[i]));
      }
      into.set(place, firings);
    }
  }

  private static List<List<Firing>> empty(int size) {
    List<List<Firing>> rows = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      rows.add(List.of());
    }
    return rows;
  }

  private static StoredArray array(Safetensors shard, String name) {
    return shard
        .find(name)
        .orElseThrow(() -> Shards.corrupt(shard, "the tensor " + name + " is missing"));
  }
}
