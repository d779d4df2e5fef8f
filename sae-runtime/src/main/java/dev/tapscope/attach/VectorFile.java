package dev.tapscope.attach;

import dev.tapscope.io.Npy;
import dev.tapscope.io.Safetensors;
import dev.tapscope.io.Shape;
import dev.tapscope.io.StoredArray;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A file of vectors {@code [width]} or {@code [1, width]}, by address: .npy or .safetensors. */
final class VectorFile implements RowSource.Reader {
  private static final int MOST_NAMES = 8;

  private final Path path;
  private final Map<String, StoredArray> vectors;

  private VectorFile(Path path, Map<String, StoredArray> vectors) {
    this.path = path;
    this.vectors = vectors;
  }

  /**
   * @throws TapscopeException {@code edit-source} when the file is of another kind or holds no
   *     tensor, {@code file-missing}, or what a damaged file gives
   */
  static VectorFile open(Path path) {
    String name = path.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".npy")) {
      StoredArray array = Npy.open(path);
      return new VectorFile(path, Map.of(array.name(), array));
    }
    if (!name.endsWith(".safetensors")) {
      throw TapscopeException.usage(
          "edit-source",
          "%s is neither .npy nor .safetensors, by its name. Save the vector as one of these."
              .formatted(path));
    }
    Map<String, StoredArray> tensors = Safetensors.open(path).tensors();
    if (tensors.isEmpty()) {
      throw TapscopeException.failed(
          "edit-source", "%s holds no tensor. Save the vector in it, as [width].".formatted(path));
    }
    return new VectorFile(path, tensors);
  }

  @Override
  public boolean has(String address) {
    return vectors.containsKey(address) || vectors.size() == 1;
  }

  @Override
  public GivenRows read(String address) {
    StoredArray vector = named(address);
    Shape shape = vector.shape();
    boolean row = shape.rank() == 1 || shape.rank() == 2 && shape.size(0) == 1;
    if (!row || shape.size(shape.rank() - 1) == 0) {
      throw TapscopeException.failed(
          "edit-source",
          "%s has the shape %s, and an edit takes one vector, [width] or [1, width]. Save a single row."
              .formatted(vector.where(), shape));
    }
    float[] values = vector.floats();
    return GivenRows.everywhere(
        values, "%s, %d values".formatted(vector.where(), values.length), List.of());
  }

  private StoredArray named(String address) {
    if (vectors.containsKey(address)) {
      return vectors.get(address);
    }
    if (vectors.size() > 1) {
      List<String> some = vectors.keySet().stream().sorted().limit(MOST_NAMES).toList();
      throw TapscopeException.failed(
          "edit-source",
          "%s holds %d tensors and none is named %s; there are %s%s. Name the one to use after the address, or give a file of one tensor."
              .formatted(
                  path,
                  vectors.size(),
                  address,
                  String.join(", ", some),
                  vectors.size() > MOST_NAMES ? " and others" : ""));
    }
    return vectors.values().iterator().next();
  }
}
