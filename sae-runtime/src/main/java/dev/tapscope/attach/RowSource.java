package dev.tapscope.attach;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Where an edit without an SAE takes its rows from, read once for each address. Which addresses a
 * selection such as {@code res.*} means is known when they fire. Thread-safe.
 */
final class RowSource {
  /** Reads the rows for one address. */
  interface Reader {
    /** Whether there are rows for an address as the user wrote it, which can be read ahead. */
    boolean has(String address);

    /**
     * @throws TapscopeException when there are no rows for the address, or unusable ones
     */
    GivenRows read(String address);
  }

  private final Reader reader;
  private final Consumer<GivenRows> announce;
  private final Map<String, GivenRows> byAddress = new ConcurrentHashMap<>();

  /**
   * @param announce told of the rows when they have been read
   */
  RowSource(Reader reader, Consumer<GivenRows> announce) {
    this.reader = reader;
    this.announce = announce;
  }

  /**
   * The reader for an edit.
   *
   * @throws TapscopeException when its file or run cannot serve any address
   */
  static Reader reader(Edit.OfRows edit) {
    return switch (edit) {
      case Edit.Zero e -> throw new IllegalArgumentException(e + " takes no rows");
      case Edit.Mean e when Files.isDirectory(e.source()) -> new RunMean(e.source());
      case Edit.Mean e -> VectorFile.open(e.source());
      case Edit.Add e -> VectorFile.open(requireFile(e.file()));
      case Edit.Patch e -> new RunRows(e);
    };
  }

  private static Path requireFile(Path path) {
    if (Files.isDirectory(path)) {
      throw TapscopeException.usage(
          "edit-source",
          "%s is a folder, and add takes one vector from a file. Give a .npy or .safetensors file; of a run folder's rows, mean takes their mean and patch some of them."
              .formatted(path));
    }
    return path;
  }

  /** Reads now what can be told before the model runs. */
  void readAhead(String address) {
    if (reader.has(address)) {
      at(address);
    }
  }

  GivenRows at(String address) {
    return byAddress.computeIfAbsent(address, this::read);
  }

  private GivenRows read(String address) {
    GivenRows given = reader.read(address);
    for (float[] row : given.rows()) {
      for (int i = 0; i < row.length; i++) {
        if (!Float.isFinite(row[i])) {
          throw TapscopeException.failed(
              "edit-source-nonfinite",
              "Value %d of the row for %s (%s) is %s. Give finite numbers."
                  .formatted(i, address, given.how(), row[i]));
        }
      }
    }
    announce.accept(given);
    return given;
  }
}
