package dev.tapscope.attach;

import dev.tapscope.kernel.SparseRows;
import dev.tapscope.tap.JsonLines;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.ShardSeries;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Writes the features of each pass that has ended: as sparse rows to {@code features-NNNNN} and as
 * one line a token to {@code features.jsonl}. Every position is there, BOS too, which the lines
 * flag and the metadata mention. Thread-safe: a pass is written as a group.
 */
final class FeatureLog {
  private final ShardSeries shards;
  private final JsonLines lines;
  private final IntFunction<String> text;

  FeatureLog(RunFolder folder, IntFunction<String> text) {
    this.shards =
        folder.shards(
            "features",
            Map.of(
                "active", "z > threshold",
                "bos", "its rows are here, flagged in features.jsonl; summaries leave them out"));
    this.lines = folder.lines("features.jsonl");
    this.text = text;
  }

  void write(String name, PassRows rows) {
    Pass pass = rows.pass;
    shards.begin();
    try {
      rows.rows()
          .forEach((position, encoded) -> {
            SparseRows features = encoded.fire().features();
            int row = encoded.row();
            int count = features.count(row);
            shards.longs(name + ".rows", pass.sequence(), position, pass.index());
            shards.pointer(name + ".indptr", count);
            shards.ints(name + ".index", features.indices(row), count);
            shards.values(name + ".value", features.values(row), count);
          });
    } finally {
      shards.end();
    }
    rows.rows()
        .forEach((position, encoded) ->
            lines.add(line(name, pass, position, encoded.fire().features(), encoded.row())));
  }

  private Map<String, Object> line(
      String name, Pass pass, int position, SparseRows features, int row) {
    Map<String, Object> line = new LinkedHashMap<>();
    int token = pass.tokenAt(position);
    line.put("seq", pass.sequence());
    line.put("pos", position);
    line.put("id", token);
    line.put("token", text.apply(token));
    if (pass.isBos(position)) {
      line.put("bos", true);
    }
    line.put("name", name);
    line.put("features", strongestFirst(features, row));
    return line;
  }

  private static List<List<Number>> strongestFirst(SparseRows features, int row) {
    return IntStream.range(features.start(row), features.end(row))
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -features.value(i)))
        .map(i -> List.<Number>of(features.index(i), features.value(i)))
        .toList();
  }
}
