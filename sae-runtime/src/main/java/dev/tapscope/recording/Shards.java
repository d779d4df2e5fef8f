package dev.tapscope.recording;

import dev.tapscope.io.Safetensors;
import dev.tapscope.tap.TapscopeException;

/** What all readers of shards check. */
final class Shards {
  private Shards() {}

  static TapscopeException corrupt(Safetensors shard, String why) {
    return TapscopeException.failed(
        "run-corrupt",
        "The shard " + shard.path() + " contradicts itself: " + why + ". Run again.");
  }

  /** A number that must be a non-negative int. */
  static int small(Safetensors shard, long value) {
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw corrupt(shard, "the number " + value + " stands where an index is wanted");
    }
    return (int) value;
  }
}
