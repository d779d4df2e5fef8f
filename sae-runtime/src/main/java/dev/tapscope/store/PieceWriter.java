package dev.tapscope.store;

import dev.tapscope.io.Dtype;
import dev.tapscope.io.Safetensors;
import dev.tapscope.io.Shape;
import dev.tapscope.io.StoredArray;
import dev.tapscope.io.WholeFile;
import dev.tapscope.recording.RunStream;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import tools.jackson.databind.json.JsonMapper;

/** Turns a run folder into a file of a store: the rows of its tokens, but for those left out. */
final class PieceWriter {
  static final String PLACES = "rows";
  static final String IDS = "ids";

  private static final JsonMapper JSON = new JsonMapper();
  private static final int BLOCK = 1 << 20;
  private static final int ALIGNMENT = 64;

  private final PieceRun run;
  private final SortedMap<String, Integer> sites;
  private final Dtype dtype;
  private final List<PieceRows> shards = new ArrayList<>();

  /**
   * Reads what the run has, and checks it.
   *
   * @param arena lives as long as this
   * @throws TapscopeException {@code site-rows}, {@code site-width}, {@code documents-mixed} or
   *     what a damaged run gives
   */
  PieceWriter(PieceRun run, SortedMap<String, Integer> sites, String dtype, Arena arena) {
    this.run = run;
    this.sites = sites;
    this.dtype = Dtype.valueOf(dtype.toUpperCase(Locale.ROOT));
    long sequence = 0;
    for (Safetensors shard : RunStream.open(run.folder(), arena).shards()) {
      PieceRows rows = PieceRows.of(shard, run, sites.keySet(), sequence);
      sites.forEach((site, width) -> checkWidth(rows.tensor(site), width));
      sequence = rows.lastSequence(sequence);
      shards.add(rows);
    }
  }

  private void checkWidth(StoredArray tensor, int width) {
    Shape shape = tensor.shape();
    if (tensor.dtype() != dtype || shape.rank() != 2 || shape.size(1) != width) {
      throw TapscopeException.failed(
          "site-width",
          "%s is %s %s; rows of %d numbers of type %s were wanted. Harvest sites whose rows always have the same width, and all with the same profile."
              .formatted(tensor.where(), tensor.dtype(), shape, width, dtype));
    }
  }

  long positions() {
    return shards.stream().mapToLong(PieceRows::positions).sum();
  }

  long rows() {
    return shards.stream().mapToLong(PieceRows::rows).sum();
  }

  /** Bytes that a row of a store takes, beside a header for each file. */
  static long bytesPerRow(SortedMap<String, Integer> sites, String dtype) {
    long bytes = Dtype.valueOf(dtype.toUpperCase(Locale.ROOT)).bytes();
    long numbers = sites.values().stream().mapToLong(Integer::longValue).sum();
    return numbers * bytes + 2 * Long.BYTES + Integer.BYTES;
  }

  /** Writes the file and says what is in it. */
  StoredPiece write(Path folder) throws IOException {
    String name = StoredPiece.fileName(run.piece());
    HashedOutput[] hashed = new HashedOutput[1];
    WholeFile.writeThrough(
        folder.resolve(name),
        out -> {
          hashed[0] = new HashedOutput(out);
          write(hashed[0]);
        });
    return new StoredPiece(
        run.piece(),
        name,
        run.firstDocument(),
        run.documents(),
        positions(),
        rows(),
        hashed[0].bytes(),
        hashed[0].sha256());
  }

  private void write(OutputStream out) throws IOException {
    byte[] header = header();
    out.write(
        ByteBuffer.allocate(Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .array());
    out.write(header);
    for (PieceRows shard : shards) {
      out.write(shard.places());
    }
    for (Map.Entry<String, Integer> site : sites.entrySet()) {
      for (PieceRows shard : shards) {
        copy(shard, site.getKey(), (long) site.getValue() * dtype.bytes(), out);
      }
    }
    for (PieceRows shard : shards) {
      out.write(shard.ids());
    }
  }

  private static void copy(PieceRows shard, String site, long rowBytes, OutputStream out)
      throws IOException {
    MemorySegment all = shard.shard().bytes(site).orElseThrow();
    int most = (int) Math.max(1, BLOCK / rowBytes);
    byte[] block = new byte[Math.toIntExact(most * rowBytes)];
    List<int[]> stretches = new ArrayList<>();
    shard.stretches(most, (from, to) -> stretches.add(new int[] {from, to}));
    for (int[] stretch : stretches) {
      int bytes = Math.toIntExact((stretch[1] - stretch[0]) * rowBytes);
      MemorySegment.copy(all, ValueLayout.JAVA_BYTE, stretch[0] * rowBytes, block, 0, bytes);
      out.write(block, 0, bytes);
    }
  }

  private byte[] header() {
    Map<String, Object> root = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", Manifest.FORMAT);
    metadata.put("piece", Integer.toString(run.piece()));
    metadata.put("first_document", Long.toString(run.firstDocument()));
    metadata.put("documents", Integer.toString(run.documents()));
    root.put("__metadata__", metadata);
    long at = tensor(root, PLACES, Dtype.I64, 0, rows(), 2);
    for (Map.Entry<String, Integer> site : sites.entrySet()) {
      at = tensor(root, site.getKey(), dtype, at, rows(), site.getValue());
    }
    tensor(root, IDS, Dtype.I32, at, rows());
    String json = JSON.writeValueAsString(root);
    int bytes = json.getBytes(StandardCharsets.UTF_8).length;
    int padding = Math.floorMod(-bytes - Long.BYTES, ALIGNMENT);
    return (json + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
  }

  private static long tensor(
      Map<String, Object> root, String name, Dtype dtype, long at, long... shape) {
    long end = at + dtype.bytes();
    for (long size : shape) {
      end = at + Math.multiplyExact(end - at, size);
    }
    Map<String, Object> info =
        new LinkedHashMap<>(); // in this order, so that equal files are equal
    info.put("dtype", dtype.name());
    info.put("shape", shape);
    info.put("data_offsets", new long[] {at, end});
    root.put(name, info);
    return end;
  }
}
