package dev.tapscope.recording;

import dev.tapscope.io.Dtype;
import dev.tapscope.io.Safetensors;
import dev.tapscope.io.StoredArray;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * A run folder read shard by shard, for runs too large to hold: no more than one shard's numbers is
 * in memory at a time. What it hands out comes in the order it was written. Immutable; each method
 * reads the files anew.
 */
public final class RunStream {
  private static final String ROWS = ".rows";
  private static final String TOKENS = "tokens";

  private final List<Safetensors> activations;
  private final List<Safetensors> features;

  private RunStream(List<Safetensors> activations, List<Safetensors> features) {
    this.activations = List.copyOf(activations);
    this.features = List.copyOf(features);
  }

  /** Receives the activations of one position at one site. */
  @FunctionalInterface
  public interface ActivationReader {
    /**
     * @param address canonical address of the site
     * @param row its values; the array is used again for the next row
     */
    void row(String address, int sequence, int position, float[] row);
  }

  /** Receives what an SAE said of one position. */
  @FunctionalInterface
  public interface FiringReader {
    /**
     * @param indices active features; the position's are those at {@code from} to {@code to - 1}
     * @param values their activations, at the same places
     */
    void row(int sequence, int position, long[] indices, float[] values, int from, int to);
  }

  /**
   * Finds the closed shards of a run folder.
   *
   * @throws TapscopeException {@code run-format}, or what a damaged shard gives
   */
  public static RunStream open(Path folder) {
    return open(folder, Arena.ofAuto());
  }

  /**
   * The same of a run folder that is deleted soon.
   *
   * @param arena ends the reading when it is closed, and gives the disk its room back
   */
  public static RunStream open(Path folder, Arena arena) {
    return new RunStream(
        RecordedRun.shards(folder, "activations-").stream()
            .map(path -> RecordedRun.shard(path, arena))
            .toList(),
        RecordedRun.shards(folder, "features-").stream()
            .map(path -> RecordedRun.shard(path, arena))
            .toList());
  }

  /**
   * Canonical addresses of the sites that a run was asked for, as its {@code run.json} has them.
   */
  public static List<String> sites(Path folder) {
    return StreamSupport.stream(description(folder).path("sites").spliterator(), false)
        .map(site -> site.path("address").asString(""))
        .toList();
  }

  /** The shards of tokens and activations in the order they were written, as they lie. */
  public List<Safetensors> shards() {
    return activations;
  }

  /**
   * What the run says about itself.
   *
   * @throws TapscopeException {@code run-missing}, {@code run-format} or {@code run-corrupt}
   */
  public static JsonNode description(Path folder) {
    return RecordedRun.document(folder, List.of());
  }

  /** Hands out every computed position; texts are not looked up. */
  public void tokens(Consumer<RecordedToken> reader) {
    for (Safetensors shard : activations) {
      TokenReader.read(List.of(shard), TokenTexts.NONE).forEach(reader);
    }
  }

  /** Addresses of the captured sites that have one row a position, by name. */
  public SortedSet<String> addresses() {
    SortedSet<String> addresses = new TreeSet<>();
    activations.forEach(shard -> addresses.addAll(addresses(shard)));
    return addresses;
  }

  private static List<String> addresses(Safetensors shard) {
    return shard.tensors().keySet().stream()
        .filter(name -> !name.equals(TOKENS) && shard.find(name + ROWS).isPresent())
        .toList();
  }

  /** How the numbers of a captured address are stored; empty when there are none. */
  public Optional<Dtype> dtype(String address) {
    return activations.stream()
        .flatMap(shard -> shard.find(address).stream())
        .map(StoredArray::dtype)
        .findFirst();
  }

  /** A string that every shard of activations states about itself, such as {@code stage}. */
  public Optional<String> metadata(String key) {
    return activations.stream()
        .flatMap(shard -> Optional.ofNullable(shard.metadata().get(key)).stream())
        .findFirst();
  }

  /** Hands out the rows of every captured site that has one row a position. */
  public void activations(ActivationReader reader) {
    for (Safetensors shard : activations) {
      addresses(shard).forEach(address -> activations(shard, address, reader));
    }
  }

  /** Hands out the rows of one such site. */
  public void activations(String address, ActivationReader reader) {
    for (Safetensors shard : activations) {
      if (addresses(shard).contains(address)) {
        activations(shard, address, reader);
      }
    }
  }

  private static void activations(Safetensors shard, String address, ActivationReader reader) {
    long[] places = array(shard, address + ROWS).longs();
    array(shard, address)
        .rows((i, row) -> {
          int at = Math.toIntExact(3 * i);
          if (at + 1 >= places.length) {
            throw Shards.corrupt(shard, address + " has more rows than row numbers");
          }
          reader.row(
              address, Shards.small(shard, places[at]), Shards.small(shard, places[at + 1]), row);
        });
  }

  /** Hands out the features of one SAE. */
  public void features(String sae, FiringReader reader) {
    for (Safetensors shard : features) {
      Optional<StoredArray> pointers = shard.find(sae + ".indptr");
      if (pointers.isPresent()) {
        features(shard, sae, pointers.get().longs(), reader);
      }
    }
  }

  private static void features(
      Safetensors shard, String sae, long[] pointers, FiringReader reader) {
    long[] indices = array(shard, sae + ".index").longs();
    float[] values = array(shard, sae + ".value").floats();
    long[] places = array(shard, sae + ROWS).longs();
    int count = pointers.length - 1;
    if (count < 0 || places.length != 3L * count || indices.length != values.length) {
      throw Shards.corrupt(
          shard,
          "%s has %d row pointers, %d row numbers, %d indices and %d values"
              .formatted(sae, pointers.length, places.length, indices.length, values.length));
    }
    for (int row = 0; row < count; row++) {
      long from = pointers[row];
      long to = pointers[row + 1];
      if (from < 0 || to < from || to > indices.length) {
        throw Shards.corrupt(shard, "row %d of %s lies at %d to %d".formatted(row, sae, from, to));
      }
      reader.row(
          Shards.small(shard, places[3 * row]),
          Shards.small(shard, places[3 * row + 1]),
          indices,
          values,
          (int) from,
          (int) to);
    }
  }

  private static StoredArray array(Safetensors shard, String name) {
    return shard
        .find(name)
        .orElseThrow(() -> Shards.corrupt(shard, "the tensor " + name + " is missing"));
  }
}
