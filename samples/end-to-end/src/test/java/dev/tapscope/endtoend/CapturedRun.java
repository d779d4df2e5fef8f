package dev.tapscope.endtoend;

import dev.tapscope.fixtures.SafetensorsFile;
import dev.tapscope.fixtures.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A run folder as a stranger reads it: by the file format alone. */
final class CapturedRun {
  /** A position of one of the run's texts. */
  record Place(int sequence, int position) implements Comparable<Place> {
    @Override
    public int compareTo(Place that) {
      int bySequence = Integer.compare(sequence, that.sequence);
      return bySequence != 0 ? bySequence : Integer.compare(position, that.position);
    }
  }

  /** One query's row of an attention site: values for the keys from {@code firstKey} on. */
  @SuppressWarnings("ArrayRecordComponent") // handed to one comparison, never compared itself
  record Keys(int firstKey, double[] values) {}

  private final JsonNode description;
  private final Map<String, SortedMap<Place, double[]>> rows = new TreeMap<>();
  private final Map<String, SortedMap<Place, Map<Integer, Keys>>> attention = new TreeMap<>();
  private final SortedMap<Place, Integer> tokens = new TreeMap<>();
  private final SortedMap<Place, Boolean> generated = new TreeMap<>();
  private final Map<String, SortedMap<Place, SortedMap<Integer, Double>>> features =
      new TreeMap<>();

  private CapturedRun(Path folder) {
    description = new JsonMapper().readTree(folder.resolve("run.json"));
    for (Path shard : shards(folder, "activations")) {
      SafetensorsFile file = shard(shard);
      for (String name : file.names()) {
        if (name.equals("tokens")) {
          addTokens(file);
        } else if (file.has(name + ".rows")) {
          addRows(name, file);
        } else if (name.endsWith(".indptr")) {
          addAttention(name.substring(0, name.length() - ".indptr".length()), file);
        }
      }
    }
    for (Path shard : shards(folder, "features")) {
      SafetensorsFile file = shard(shard);
      for (String name : file.names()) {
        if (name.endsWith(".indptr")) {
          addFeatures(name.substring(0, name.length() - ".indptr".length()), file);
        }
      }
    }
  }

  static CapturedRun read(Path folder) {
    return new CapturedRun(folder);
  }

  /** {@code run.json}. */
  JsonNode description() {
    return description;
  }

  /** Addresses with one row per position. */
  Set<String> rowAddresses() {
    return rows.keySet();
  }

  Set<String> attentionAddresses() {
    return attention.keySet();
  }

  /** The places that have a row at an address, in order. */
  List<Place> places(String address) {
    return List.copyOf(found(rows, address).keySet());
  }

  /** Rows of one sequence at the given positions. */
  Tensor rows(String address, int sequence, int... positions) {
    SortedMap<Place, double[]> found = found(rows, address);
    return Tensor.ofRows(
        Arrays.stream(positions)
            .mapToObj(position -> place(found, address, new Place(sequence, position)))
            .toArray(double[][]::new));
  }

  /** All rows of one sequence, by position. */
  Tensor rows(String address, int sequence) {
    return rows(
        address,
        sequence,
        places(address).stream()
            .filter(place -> place.sequence == sequence)
            .mapToInt(Place::position)
            .toArray());
  }

  /** Per head, the values of one query at an attention site. */
  Map<Integer, Keys> attention(String address, int sequence, int position) {
    return place(found(attention, address), address, new Place(sequence, position));
  }

  /** Token ids of one sequence, by position. */
  int[] tokens(int sequence) {
    return tokens.entrySet().stream()
        .filter(entry -> entry.getKey().sequence == sequence)
        .mapToInt(Map.Entry::getValue)
        .toArray();
  }

  /** Positions of one sequence whose tokens the model had sampled itself. */
  int[] generatedPositions(int sequence) {
    return generated.entrySet().stream()
        .filter(entry -> entry.getKey().sequence == sequence && entry.getValue())
        .mapToInt(entry -> entry.getKey().position)
        .toArray();
  }

  /** Active features of an SAE by place. */
  SortedMap<Place, SortedMap<Integer, Double>> features(String sae) {
    return found(features, sae);
  }

  private void addTokens(SafetensorsFile file) {
    int[] ids = file.tensor("tokens").ints();
    Tensor index = file.tensor("tokens.rows");
    Tensor sampled = file.tensor("tokens.generated");
    for (int i = 0; i < ids.length; i++) {
      Place place = new Place((int) index.at(i, 0), (int) index.at(i, 1));
      once(tokens.put(place, ids[i]), "tokens", place);
      generated.put(place, sampled.at(i) != 0);
    }
  }

  private void addRows(String address, SafetensorsFile file) {
    Tensor values = file.tensor(address);
    Tensor index = file.tensor(address + ".rows");
    if (index.width() != 3 || index.rows() != values.rows()) {
      throw new AssertionError(address + " has " + values + " but its rows are " + index);
    }
    SortedMap<Place, double[]> into = rows.computeIfAbsent(address, a -> new TreeMap<>());
    for (int i = 0; i < values.rows(); i++) {
      Place place = new Place((int) index.at(i, 0), (int) index.at(i, 1));
      once(into.put(place, values.row(i)), address, place);
    }
  }

  private void addAttention(String address, SafetensorsFile file) {
    int[] pointer = file.tensor(address + ".indptr").ints();
    int[] key = file.tensor(address + ".index").ints();
    double[] value = file.tensor(address + ".value").values();
    Tensor index = file.tensor(address + ".rows");
    SortedMap<Place, Map<Integer, Keys>> into =
        attention.computeIfAbsent(address, a -> new TreeMap<>());
    for (int i = 0; i < index.rows(); i++) {
      Place place = new Place((int) index.at(i, 0), (int) index.at(i, 1));
      int from = pointer[i];
      for (int j = from; j < pointer[i + 1]; j++) {
        if (key[j] != key[from] + j - from) {
          throw new AssertionError(address + " has keys out of order at " + place);
        }
      }
      Keys keys = new Keys(key[from], Arrays.copyOfRange(value, from, pointer[i + 1]));
      once(
          into.computeIfAbsent(place, p -> new TreeMap<>()).put((int) index.at(i, 2), keys),
          address,
          place);
    }
  }

  private void addFeatures(String sae, SafetensorsFile file) {
    int[] pointer = file.tensor(sae + ".indptr").ints();
    int[] feature = file.tensor(sae + ".index").ints();
    double[] value = file.tensor(sae + ".value").values();
    Tensor index = file.tensor(sae + ".rows");
    SortedMap<Place, SortedMap<Integer, Double>> into =
        features.computeIfAbsent(sae, s -> new TreeMap<>());
    for (int i = 0; i < index.rows(); i++) {
      SortedMap<Integer, Double> active = new TreeMap<>();
      IntStream.range(pointer[i], pointer[i + 1]).forEach(j -> active.put(feature[j], value[j]));
      Place place = new Place((int) index.at(i, 0), (int) index.at(i, 1));
      once(into.put(place, active), sae, place);
    }
  }

  private static SafetensorsFile shard(Path path) {
    SafetensorsFile file = SafetensorsFile.read(path);
    if (!"tapscope-run/1".equals(file.metadata().get("format"))) {
      throw new AssertionError(path + " does not name its format: " + file.metadata());
    }
    return file;
  }

  private static List<Path> shards(Path folder, String kind) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches(kind + "-\\d{5}\\.safetensors"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void once(Object before, String address, Place place) {
    if (before != null) {
      throw new AssertionError(address + " has two rows for " + place);
    }
  }

  private static <T> T found(Map<String, T> map, String name) {
    T value = map.get(name);
    if (value == null) {
      throw new AssertionError("The run has no " + name + "; it has " + map.keySet());
    }
    return value;
  }

  private static <T> T place(Map<Place, T> map, String address, Place place) {
    T value = map.get(place);
    if (value == null) {
      throw new AssertionError(address + " has no row for " + place);
    }
    return value;
  }
}
