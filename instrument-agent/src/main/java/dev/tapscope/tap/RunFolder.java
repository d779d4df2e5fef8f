package dev.tapscope.tap;

import java.nio.file.Path;
import java.util.Map;

/**
 * The folder a run writes: {@code run.json}, numbered safetensors shards, JSON lines. Every file is
 * written to a temporary name and renamed when whole, so what carries its final name is readable
 * even after the process was killed.
 */
public interface RunFolder {
  Path path();

  /**
   * Opens the series {@code kind-00000.safetensors, kind-00001.safetensors, ...}; shards are closed
   * at a bounded size, each complete in itself.
   *
   * @param metadata strings for every shard's {@code __metadata__}, {@code format} aside
   */
  ShardSeries shards(String kind, Map<String, String> metadata);

  /** Opens a text file of one JSON document a line. */
  JsonLines lines(String fileName);

  /**
   * Puts a value into {@code run.json} under a key of its own.
   *
   * @param value a String, Number, Boolean, Map with String keys, or Iterable of such
   */
  void describe(String key, Object value);
}
