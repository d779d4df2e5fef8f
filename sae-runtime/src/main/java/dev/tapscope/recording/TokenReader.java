package dev.tapscope.recording;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.StoredArray;
import dev.tapscope.tap.TapscopeException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Tokens out of the activation shards. */
final class TokenReader {
  private TokenReader() {}

  static List<RecordedToken> read(List<Safetensors> shards, TokenTexts texts) {
    Map<Long, RecordedToken> tokens = new TreeMap<>(); // by sequence, then position
    for (Safetensors shard : shards) {
      if (shard.find("tokens").isPresent()) {
        read(shard, texts).forEach(t -> tokens.put(order(t.sequence(), t.position()), t));
      }
    }
    return List.copyOf(tokens.values());
  }

  private static Collection<RecordedToken> read(Safetensors shard, TokenTexts texts) {
    long[] ids = longs(shard, "tokens");
    long[] rows = longs(shard, "tokens.rows");
    long[] generated = longs(shard, "tokens.generated");
    if (rows.length != 2L * ids.length || generated.length != ids.length) {
      throw Shards.corrupt(
          shard,
          "%d tokens have %d row numbers and %d flags"
              .formatted(ids.length, rows.length, generated.length));
    }
    int bos = bos(shard);
    RecordedToken[] tokens = new RecordedToken[ids.length];
    for (int i = 0; i < ids.length; i++) {
      int sequence = Shards.small(shard, rows[2 * i]);
      int position = Shards.small(shard, rows[2 * i + 1]);
      int id = Shards.small(shard, ids[i]);
      String text = texts.text(sequence, position, id);
      tokens[i] =
          new RecordedToken(sequence, position, id, text, generated[i] != 0, bos >= 0 && id == bos);
    }
    return List.of(tokens);
  }

  private static int bos(Safetensors shard) {
    String bos = shard.metadata().getOrDefault("bos", "-1");
    try {
      return Integer.parseInt(bos);
    } catch (NumberFormatException e) {
      throw Shards.corrupt(shard, "its metadata states the BOS token '" + bos + "'");
    }
  }

  private static long[] longs(Safetensors shard, String name) {
    return shard.find(name).map(StoredArray::longs).orElseThrow(() -> missing(shard, name));
  }

  private static TapscopeException missing(Safetensors shard, String name) {
    return Shards.corrupt(shard, "it has tokens but no tensor " + name);
  }

  static long order(int sequence, int position) {
    return (long) sequence << 32 | position;
  }
}
