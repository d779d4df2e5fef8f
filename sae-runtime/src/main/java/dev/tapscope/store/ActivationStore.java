package dev.tapscope.store;

import dev.tapscope.io.Dtype;
import dev.tapscope.io.Safetensors;
import dev.tapscope.io.Shape;
import dev.tapscope.sae.Sha256;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Activations kept by {@code tapscope harvest}, read back. Rows are numbered from 0 through all
 * files, in the order of the corpus. Immutable; may be read by several threads.
 */
public final class ActivationStore {
  private static final int BLOCK = 1 << 20;

  private final Path folder;
  private final String sha256;
  private final Manifest manifest;
  private final SortedMap<String, List<StoredRows>> columns;

  private ActivationStore(
      Path folder, Manifest manifest, SortedMap<String, List<StoredRows>> columns) {
    this.folder = folder;
    this.sha256 = Sha256.of(folder.resolve(Manifest.FILE));
    this.manifest = manifest;
    this.columns = Collections.unmodifiableSortedMap(columns);
  }

  /**
   * Opens a store, which must be finished. The headers of all its files are checked against the
   * manifest; their hashes are not ({@code tapscope harvest verify} does that).
   *
   * @throws TapscopeException {@code store-missing}, {@code store-format}, {@code store-corrupt},
   *     {@code store-incomplete}, {@code store-empty}, or what a damaged file gives
   */
  public static ActivationStore open(Path folder) {
    Manifest manifest = Manifest.read(folder);
    if (!manifest.missing().isEmpty()) {
      throw TapscopeException.failed(
          "store-incomplete",
          "The store %s lacks %d of %d pieces; its harvest has not ended. Give the same harvest command again: it does what is missing."
              .formatted(
                  folder,
                  manifest.missing().size(),
                  manifest.missing().size() + manifest.pieces().size()));
    }
    SortedMap<String, List<StoredRows>> columns = new TreeMap<>();
    for (StoredPiece piece : manifest.pieces()) {
      Safetensors file = openPiece(folder, manifest, piece);
      manifest
          .found()
          .sites()
          .forEach((site, width) ->
              columns
                  .computeIfAbsent(site, s -> new ArrayList<>())
                  .add(column(file, site, width, piece)));
    }
    ActivationStore store = new ActivationStore(folder, manifest, columns);
    if (store.rows() == 0) {
      throw TapscopeException.failed(
          "store-empty",
          "The store %s has no row: every token of its corpus was left out. Harvest a corpus with text, or --keep what was left out."
              .formatted(folder));
    }
    return store;
  }

  /** Opens a file and checks that it is what the manifest says. */
  static Safetensors openPiece(Path folder, Manifest manifest, StoredPiece piece) {
    Safetensors file = Safetensors.open(folder.resolve(piece.file()));
    Dtype dtype = Dtype.valueOf(manifest.asked().dtype().toUpperCase(Locale.ROOT));
    require(file, PieceWriter.PLACES, Dtype.I64, Shape.of(piece.rows(), 2));
    require(file, PieceWriter.IDS, Dtype.I32, Shape.of(piece.rows()));
    manifest
        .found()
        .sites()
        .forEach((site, width) -> require(file, site, dtype, Shape.of(piece.rows(), width)));
    return file;
  }

  private static void require(Safetensors file, String name, Dtype dtype, Shape shape) {
    String found =
        file.find(name).map(tensor -> tensor.dtype() + " " + tensor.shape()).orElse("missing");
    String wanted = dtype + " " + shape;
    if (!found.equals(wanted)) {
      throw TapscopeException.failed(
          "store-corrupt",
          "The tensor %s of %s is %s, and the manifest says %s. Delete the file and harvest again."
              .formatted(name, file.path(), found, wanted));
    }
  }

  private static StoredRows column(Safetensors file, String site, int width, StoredPiece piece) {
    return new StoredRows(file.unmapped(site).orElseThrow(), width, piece.rows());
  }

  public Path folder() {
    return folder;
  }

  /** Hash of the manifest, which names the hash of every file: equal stores have equal ones. */
  public String sha256() {
    return sha256;
  }

  /** Canonical addresses by name, with the width of their rows. */
  public SortedMap<String, Integer> sites() {
    return Collections.unmodifiableSortedMap(manifest.found().sites());
  }

  /** How numbers are stored: {@code f32}, {@code bf16} or {@code f16}. */
  public String dtype() {
    return manifest.asked().dtype();
  }

  /** The files of the corpus, in the order they were read. */
  public List<Asked.CorpusFile> corpus() {
    return manifest.asked().corpus();
  }

  /**
   * Whether the rows of a kind of token were left out.
   *
   * @param kind {@code bos}, {@code eos} or {@code pad}
   */
  public boolean leavesOut(String kind) {
    return manifest.found().leftOut().containsKey(kind);
  }

  /** Number of rows, the same at every address. */
  public long rows() {
    return manifest.pieces().stream().mapToLong(StoredPiece::rows).sum();
  }

  /**
   * Width of an address's rows.
   *
   * @throws TapscopeException {@code store-site} when the store does not have it
   */
  public int width(String address) {
    Integer width = manifest.found().sites().get(address);
    if (width == null) {
      throw TapscopeException.failed(
          "store-site",
          "The store %s has no rows of %s; it has %s. Name one of these, or harvest again with --capture %s."
              .formatted(
                  folder, address, String.join(", ", manifest.found().sites().keySet()), address));
    }
    return width;
  }

  /**
   * Reads consecutive rows as float32.
   *
   * @param from number of the first row
   * @param into {@code [*, width]}, native byte order
   * @param at row of {@code into} to begin at
   */
  void read(String address, long from, long count, MemorySegment into, long at) {
    long begin = 0;
    for (StoredRows rows : columns.get(address)) {
      long first = Math.max(from, begin);
      long last = Math.min(from + count, begin + rows.rows());
      if (first < last) {
        rows.read(first - begin, last - begin, into, at + first - from);
      }
      begin += rows.rows();
    }
  }

  /**
   * Rows that lie evenly through the store, the first one among them.
   *
   * @param count how many, at most
   * @return {@code [*, width]}
   */
  public float[] sample(String address, int count) {
    int width = width(address);
    int rows = (int) Math.min(count, rows());
    float[] sample = new float[Math.multiplyExact(rows, width)];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(read(address, i * rows() / rows, 1), 0, sample, i * width, width);
    }
    return sample;
  }

  /** Consecutive rows as float32, {@code [count, width]}. */
  public float[] read(String address, long from, int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate((long) count * width(address) * Float.BYTES, Float.BYTES);
      read(address, from, count, rows, 0);
      return rows.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** Receives every row of an address in order. */
  private interface Row {
    void values(MemorySegment block, long at);
  }

  private void forEach(String address, Row to) {
    int width = width(address);
    long most = Math.max(1, BLOCK / (width * Float.BYTES));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(most * width * Float.BYTES, Float.BYTES);
      for (StoredRows rows : columns.get(address)) {
        for (long from = 0; from < rows.rows(); from += most) {
          long end = Math.min(rows.rows(), from + most);
          rows.read(from, end, block, 0);
          for (long row = 0; row < end - from; row++) {
            to.values(block, row * width);
          }
        }
      }
    }
  }

  /**
   * Mean over all rows of {@code ||x||^2}, in double precision and in order; what the input of an
   * SAE is scaled by, arXiv 2408.05147, section 3.1.
   */
  public double meanSquareNorm(String address) {
    int width = width(address);
    double[] sum = new double[1];
    forEach(
        address,
        (block, at) -> {
          double squares = 0;
          for (int i = 0; i < width; i++) {
            double value = block.getAtIndex(ValueLayout.JAVA_FLOAT, at + i);
            squares += value * value;
          }
          sum[0] += squares;
        });
    return sum[0] / rows();
  }

  /** Mean over all rows, summed in double precision and in order. */
  public double[] mean(String address) {
    double[] mean = new double[width(address)];
    forEach(
        address,
        (block, at) -> {
          for (int i = 0; i < mean.length; i++) {
            mean[i] += block.getAtIndex(ValueLayout.JAVA_FLOAT, at + i);
          }
        });
    for (int i = 0; i < mean.length; i++) {
      mean[i] /= rows();
    }
    return mean;
  }
}
