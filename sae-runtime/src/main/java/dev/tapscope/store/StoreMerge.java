package dev.tapscope.store;

import dev.tapscope.io.WholeFile;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Joins the stores of all shares to the store of the whole, the same bit for bit. */
public final class StoreMerge {
  private StoreMerge() {}

  /**
   * Copies the pieces of stores into a new one, which has its name only when it is whole.
   *
   * @return number of pieces
   * @throws TapscopeException {@code merge-other} when the stores are not shares of one, {@code
   *     merge-missing} when some share or piece is not there, {@code store-foreign} when the folder
   *     exists, {@code store-corrupt} when a piece is not as its manifest says, {@code
   *     store-unwritable}
   */
  public static int merge(List<Path> stores, Path out) {
    Map<Path, Manifest> shares = new LinkedHashMap<>();
    stores.forEach(store -> shares.put(store, Manifest.read(store)));
    Manifest whole = whole(shares);
    Path target = out.toAbsolutePath().normalize();
    if (Files.exists(target)) {
      throw TapscopeException.failed(
          "store-foreign", "%s exists. Give --out a new folder.".formatted(out));
    }
    try {
      Files.createDirectories(target.getParent());
      Path part =
          Files.createTempDirectory(target.getParent(), "." + target.getFileName() + "-merging-");
      try {
        for (Map.Entry<Path, Manifest> share : shares.entrySet()) {
          for (StoredPiece piece : share.getValue().pieces()) {
            copy(share.getKey().resolve(piece.file()), piece, part);
          }
        }
        whole.write(part);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        WholeFile.sync(target.getParent());
      } catch (IOException | RuntimeException e) {
        StoreFolder.delete(part);
        throw e;
      }
    } catch (IOException e) {
      throw TapscopeException.failed(
          "store-unwritable",
          "The store %s cannot be written: %s. Nothing of it stays; the shares are as they were."
              .formatted(out, e),
          e);
    }
    return whole.pieces().size();
  }

  private static Manifest whole(Map<Path, Manifest> shares) {
    Map.Entry<Path, Manifest> first = shares.entrySet().iterator().next();
    List<StoredPiece> pieces = new ArrayList<>();
    Set<Share> seen = new HashSet<>();
    for (Map.Entry<Path, Manifest> entry : shares.entrySet()) {
      Manifest share = entry.getValue();
      Manifest.difference(first.getValue().asked(), share.asked())
          .or(() -> Manifest.difference(first.getValue().found(), share.found()))
          .ifPresent(difference -> {
            throw other(first.getKey(), entry.getKey(), difference);
          });
      if (share.share().of() != first.getValue().share().of() || !seen.add(share.share())) {
        throw other(
            first.getKey(),
            entry.getKey(),
            "the share is %s there and %s here".formatted(first.getValue().share(), share.share()));
      }
      if (!share.missing().isEmpty()) {
        throw TapscopeException.failed(
            "merge-missing",
            "The store %s lacks pieces %s; its harvest has not ended. Give its harvest command again first."
                .formatted(entry.getKey(), share.missing()));
      }
      pieces.addAll(share.pieces());
    }
    Manifest whole =
        new Manifest(first.getValue().asked(), first.getValue().found(), Share.WHOLE, pieces);
    if (!whole.missing().isEmpty()) {
      throw TapscopeException.failed(
          "merge-missing",
          "%d of %d shares were given. Name the stores of all of them."
              .formatted(seen.size(), first.getValue().share().of()));
    }
    return whole;
  }

  private static TapscopeException other(Path first, Path second, String difference) {
    return TapscopeException.failed(
        "merge-other",
        "%s and %s are no shares of one store: %s. Merge stores of one harvest command that differ in --shard alone."
            .formatted(first, second, difference));
  }

  private static void copy(Path from, StoredPiece piece, Path folder) throws IOException {
    WholeFile.writeThrough(
        folder.resolve(piece.file()),
        out -> {
          HashedOutput hashed = new HashedOutput(out);
          Files.copy(from, hashed);
          if (!hashed.sha256().equals(piece.sha256())) {
            throw TapscopeException.failed(
                "store-corrupt",
                "%s is not what its manifest says; \"tapscope harvest verify\" tells more. Delete it and give its harvest command again."
                    .formatted(from));
          }
        });
  }
}
