package dev.tapscope.recording;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;
import tools.jackson.databind.json.JsonMapper;

/** Writes run folders by their published format, byte by byte, for tests. */
public final class RunFiles {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int MOST_BYTES = 1 << 16;

  private final Map<String, Object> header = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final ByteBuffer data = ByteBuffer.allocate(MOST_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  private RunFiles() {
    metadata.put("format", "tapscope-run/1");
    header.put("__metadata__", metadata);
  }

  /** A shard of the current format with the BOS token 2. */
  public static RunFiles shard() {
    return new RunFiles().metadata("bos", "2");
  }

  public RunFiles metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /**
   * Adds a tensor.
   *
   * @param width size of its second axis, 0 for a tensor of one axis
   */
  public RunFiles floats(String name, int width, float... values) {
    return tensor(name, "F32", width, values.length, i -> data.putFloat(values[i]));
  }

  /** Numbers that BF16 can hold, stored so. */
  public RunFiles halves(String name, int width, float... values) {
    return tensor(
        name,
        "BF16",
        width,
        values.length,
        i -> data.putShort((short) (Float.floatToRawIntBits(values[i]) >>> 16)));
  }

  /** Numbers that F16 can hold, stored so. */
  public RunFiles float16s(String name, int width, float... values) {
    return tensor(
        name, "F16", width, values.length, i -> data.putShort(Float.floatToFloat16(values[i])));
  }

  /** As {@link #floats}. */
  public RunFiles longs(String name, int width, long... values) {
    return tensor(name, "I64", width, values.length, i -> data.putLong(values[i]));
  }

  public RunFiles ints(String name, int... values) {
    return tensor(name, "I32", 0, values.length, i -> data.putInt(values[i]));
  }

  public RunFiles bytes(String name, int... values) {
    return tensor(name, "U8", 0, values.length, i -> data.put((byte) values[i]));
  }

  private RunFiles tensor(String name, String dtype, int width, int count, IntConsumer put) {
    int begin = data.position();
    for (int i = 0; i < count; i++) {
      put.accept(i);
    }
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("dtype", dtype);
    info.put("shape", width == 0 ? new int[] {count} : new int[] {count / width, width});
    info.put("data_offsets", new int[] {begin, data.position()});
    header.put(name, info);
    return this;
  }

  public void writeTo(Path file) throws IOException {
    String json = MAPPER.writeValueAsString(header);
    byte[] head = (json + " ".repeat(-json.length() & 7)).getBytes(StandardCharsets.US_ASCII);
    ByteBuffer out =
        ByteBuffer.allocate(8 + head.length + data.position()).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(head.length).put(head).put(data.flip());
    Files.write(file, out.array());
  }

  /**
   * A run of two texts in two shards: "BOS a b" with b generated, and "BOS c"; SAE l9 of four
   * features. Beside it lies a shard that never got its final name.
   */
  public static void writeSmallRun(Path folder) throws IOException {
    shard()
        .ints("tokens", 2, 10, 11)
        .longs("tokens.rows", 2, 0, 0, 0, 1, 0, 2)
        .bytes("tokens.generated", 0, 0, 1)
        .floats("res.3", 2, 9, 9, 3, 4, 6, 8)
        .longs("res.3.rows", 3, 0, 0, 0, 0, 1, 0, 0, 2, 1)
        .writeTo(folder.resolve("activations-00000.safetensors"));
    shard()
        .ints("tokens", 2, 12)
        .longs("tokens.rows", 2, 1, 0, 1, 1)
        .bytes("tokens.generated", 0, 0)
        .floats("res.3", 2, 9, 9, 0, 1)
        .longs("res.3.rows", 3, 1, 0, 2, 1, 1, 2)
        .writeTo(folder.resolve("activations-00001.safetensors"));
    shard()
        .longs("l9.indptr", 0, 0, 2, 3, 5)
        .ints("l9.index", 0, 3, 1, 1, 2)
        .floats("l9.value", 0, 7, 8, 1, 3, 2)
        .longs("l9.rows", 3, 0, 0, 0, 0, 1, 0, 0, 2, 1)
        .writeTo(folder.resolve("features-00000.safetensors"));
    shard()
        .longs("l9.indptr", 0, 0, 1, 1)
        .ints("l9.index", 0)
        .floats("l9.value", 0, 7)
        .longs("l9.rows", 3, 1, 0, 2, 1, 1, 2)
        .writeTo(folder.resolve("features-00001.safetensors"));
    Files.writeString(folder.resolve("features-00002.safetensors.tmp"), "half");
    Files.writeString(
        folder.resolve("features.jsonl"),
        """
        {"seq":0,"pos":0,"id":2,"token":"<bos>","bos":true,"name":"l9","features":[[3,8],[0,7]]}
        {"seq":0,"pos":1,"id":10,"token":" a","name":"l9","features":[[1,1]]}
        {"seq":0,"pos":2,"id":11,"token":"b\\n","name":"l9","features":[[1,3],[2,2]]}
        {"seq":1,"pos":0,"id":2,"token":"<bos>","bos":true,"name":"l9","features":[[0,7]]}
        """);
    writeRunJson(folder, "\"state\":\"complete\"");
  }

  /** Writes {@code run.json} with these keys, as JSON, beside its format. */
  public static void writeRunJson(Path folder, String keys) throws IOException {
    Files.writeString(folder.resolve("run.json"), "{\"format\":\"tapscope-run/1\"," + keys + "}");
  }
}
