package dev.tapscope.store;

import dev.tapscope.io.WholeFile;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a store says about itself, {@code store.json}. It holds no times: equal stores have equal
 * manifests.
 *
 * @param pieces the files that are whole, by number
 */
record Manifest(String format, Asked asked, Found found, Share share, List<StoredPiece> pieces) {
  static final String FILE = "store.json";
  static final String FORMAT = "tapscope-store/1";

  static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  Manifest {
    pieces = pieces.stream().sorted(Comparator.comparingInt(StoredPiece::piece)).toList();
  }

  Manifest(Asked asked, Found found, Share share, List<StoredPiece> pieces) {
    this(FORMAT, asked, found, share, pieces);
  }

  /**
   * @throws TapscopeException {@code store-missing}, {@code store-format} or {@code store-corrupt}
   */
  static Manifest read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw TapscopeException.failed(
          "store-missing",
          "%s is no activation store: there is no %s in it. Give the folder that \"tapscope harvest --out\" wrote."
              .formatted(folder, FILE));
    }
    try {
      JsonNode tree = MAPPER.readTree(Files.readString(file));
      String format = tree.path("format").asString("none");
      if (!format.equals(FORMAT)) {
        throw TapscopeException.failed(
            "store-format",
            "%s states the format %s; this version reads %s. Read it with the version that wrote it, or harvest again."
                .formatted(file, format, FORMAT));
      }
      Manifest manifest = MAPPER.treeToValue(tree, Manifest.class);
      manifest.check(file);
      return manifest;
    } catch (IOException | JacksonException | IllegalArgumentException e) {
      throw corrupt(file, String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
    }
  }

  private void check(Path file) {
    for (int i = 0; i < pieces.size(); i++) {
      StoredPiece piece = pieces.get(i);
      boolean twice = i > 0 && pieces.get(i - 1).piece() == piece.piece();
      if (twice
          || !share.has(piece.piece())
          || piece.piece() < 0
          || piece.piece() >= asked.pieces()
          || piece.rows() < 0
          || piece.rows() > piece.positions()
          || !piece.file().equals(StoredPiece.fileName(piece.piece()))) {
        throw corrupt(file, "it names " + piece + (twice ? " twice" : ""), null);
      }
    }
    if (found.sites().isEmpty() || found.sites().values().stream().anyMatch(width -> width < 1)) {
      throw corrupt(file, "its sites are " + found.sites(), null);
    }
  }

  private static TapscopeException corrupt(Path file, String why, Exception cause) {
    return TapscopeException.failed(
        "store-corrupt",
        "%s is no whole manifest: %s. Put back a copy, or harvest again into another folder."
            .formatted(file, why),
        cause);
  }

  /** Writes it beside its pieces. */
  void write(Path folder) throws IOException {
    byte[] text = (MAPPER.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8);
    WholeFile.writeThrough(folder.resolve(FILE), out -> out.write(text));
  }

  Manifest with(StoredPiece piece) {
    List<StoredPiece> more = new ArrayList<>(pieces);
    more.add(piece);
    return new Manifest(asked, found, share, more);
  }

  Manifest with(List<StoredPiece> others) {
    return new Manifest(asked, found, share, others);
  }

  /** Numbers of the pieces of this share that are not there. */
  List<Integer> missing() {
    return missing(asked, share, pieces);
  }

  static List<Integer> missing(Asked asked, Share share, List<StoredPiece> pieces) {
    Set<Integer> there = pieces.stream().map(StoredPiece::piece).collect(Collectors.toSet());
    return IntStream.range(0, asked.pieces())
        .filter(number -> share.has(number) && !there.contains(number))
        .boxed()
        .toList();
  }

  /** The first thing that two descriptions say differently, as {@code dtype is f32, not bf16}. */
  static Optional<String> difference(Record theirs, Record ours) {
    JsonNode before = MAPPER.valueToTree(theirs);
    JsonNode now = MAPPER.valueToTree(ours);
    for (Map.Entry<String, JsonNode> entry : before.properties()) {
      JsonNode other = now.path(entry.getKey());
      if (!entry.getValue().equals(other)) {
        return Optional.of(
            "%s is %s there and %s here"
                .formatted(entry.getKey(), shortly(entry.getValue()), shortly(other)));
      }
    }
    return Optional.empty();
  }

  private static String shortly(JsonNode node) {
    String text = node.isString() ? node.stringValue() : node.toString();
    return text.length() <= 200 ? text : text.substring(0, 200) + "...";
  }
}
