package dev.tapscope.store;

import dev.tapscope.io.Safetensors;
import dev.tapscope.sae.Sha256;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A store read again from end to end and compared with its manifest.
 *
 * @param pieces files that the manifest names
 * @param rows rows that it counts
 * @param differences what is otherwise, in sentences
 */
public record StoreCheck(int pieces, long rows, List<String> differences) {
  public StoreCheck {
    differences = List.copyOf(differences);
  }

  /**
   * Reads a store.
   *
   * @throws TapscopeException {@code store-missing}, {@code store-format} or {@code store-corrupt}
   *     when the manifest itself cannot be read
   */
  public static StoreCheck of(Path folder) {
    Manifest manifest = Manifest.read(folder);
    List<String> differences = new ArrayList<>();
    for (StoredPiece piece : manifest.pieces()) {
      check(folder, manifest, piece, differences);
    }
    if (!manifest.missing().isEmpty()) {
      differences.add(
          "Pieces %s are not there: the harvest has not ended. Give the same harvest command again."
              .formatted(manifest.missing()));
    }
    unnamed(folder, manifest, differences);
    return new StoreCheck(
        manifest.pieces().size(),
        manifest.pieces().stream().mapToLong(StoredPiece::rows).sum(),
        differences);
  }

  private static void check(
      Path folder, Manifest manifest, StoredPiece piece, List<String> differences) {
    Path file = folder.resolve(piece.file());
    try {
      if (!Files.isRegularFile(file)) {
        differences.add("%s is missing.".formatted(piece.file()));
      } else if (Files.size(file) != piece.bytes()) {
        differences.add(
            "%s has %,d bytes, and the manifest says %,d."
                .formatted(piece.file(), Files.size(file), piece.bytes()));
      } else if (!Sha256.of(file).equals(piece.sha256())) {
        differences.add("%s has another SHA-256 than the manifest says.".formatted(piece.file()));
      } else {
        checkContent(ActivationStore.openPiece(folder, manifest, piece), manifest, piece)
            .forEach(differences::add);
      }
    } catch (IOException e) {
      differences.add("%s cannot be read: %s.".formatted(piece.file(), e));
    } catch (TapscopeException e) {
      differences.add(e.getMessage());
    }
  }

  private static List<String> checkContent(Safetensors file, Manifest manifest, StoredPiece piece) {
    List<String> differences = new ArrayList<>();
    long[] places = file.find(PieceWriter.PLACES).orElseThrow().longs();
    long last = piece.firstDocument() + piece.documents() - 1;
    for (int i = 0; i < places.length; i += 2) {
      if (places[i] < piece.firstDocument() || places[i] > last || places[i + 1] < 0) {
        differences.add(
            "Row %d of %s is position %d of document %d, and the piece has documents %d to %d."
                .formatted(
                    i / 2, piece.file(), places[i + 1], places[i], piece.firstDocument(), last));
        break;
      }
    }
    Set<Long> leftOut =
        manifest.found().leftOut().values().stream()
            .flatMap(List::stream)
            .map(Integer::longValue)
            .collect(Collectors.toSet());
    long[] ids = file.find(PieceWriter.IDS).orElseThrow().longs();
    for (int i = 0; i < ids.length; i++) {
      if (leftOut.contains(ids[i])) {
        differences.add(
            "Row %d of %s is of token %d, whose rows are left out."
                .formatted(i, piece.file(), ids[i]));
        break;
      }
    }
    return differences;
  }

  private static void unnamed(Path folder, Manifest manifest, List<String> differences) {
    Set<String> named =
        manifest.pieces().stream().map(StoredPiece::file).collect(Collectors.toSet());
    try (Stream<Path> files = Files.list(folder)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".safetensors") && !named.contains(name))
          .sorted()
          .forEach(name -> differences.add("%s is not in the manifest.".formatted(name)));
    } catch (IOException e) {
      differences.add("The folder %s cannot be listed: %s.".formatted(folder, e));
    }
  }
}
