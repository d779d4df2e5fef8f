package gemma2.io;

import gemma2.math.Matrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The tensors of a Hugging Face folder: one {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} lists. The tensors stay in the mapped files.
 */
public final class Checkpoint {

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  private final Path folder;
  private final Map<String, Tensor> tensors;
  private final Set<String> asked = new HashSet<>();

  private Checkpoint(Path folder, Map<String, Tensor> tensors) {
    this.folder = folder;
    this.tensors = tensors;
  }

  /** Opens the checkpoint of a folder; no weight is read yet. */
  public static Checkpoint open(Path folder) {
    Path index = folder.resolve(INDEX);
    if (Files.exists(folder.resolve(SINGLE))) {
      return new Checkpoint(folder, byName(Safetensors.read(folder.resolve(SINGLE))));
    }
    if (Files.exists(index)) {
      return new Checkpoint(folder, sharded(folder, index));
    }
    throw new InputException(
        "weights-missing",
        "%s holds neither %s nor %s. Name the folder of a downloaded model."
            .formatted(folder, SINGLE, INDEX));
  }

  private static Map<String, Tensor> sharded(Path folder, Path index) {
    Fields map =
        Fields.of(index.toString(), Json.parse(index.toString(), TextFile.read(index)))
            .object("weight_map");
    Map<String, String> files = new LinkedHashMap<>();
    for (String name : map.names()) {
      String file = map.string(name);
      if (!file.matches("[A-Za-z0-9][A-Za-z0-9._-]*\\.safetensors")) {
        throw map.wrong(name, "the name of a safetensors file in the same folder", map.get(name));
      }
      files.put(name, file);
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String file : new TreeSet<>(files.values())) {
      for (Tensor tensor : Safetensors.read(folder.resolve(file))) {
        if (tensors.putIfAbsent(tensor.name(), tensor) != null) {
          throw new InputException(
              "weights-corrupt",
              "Tensor %s is in %s and in another shard of %s. Get the shards again."
                  .formatted(tensor.name(), file, folder));
        }
        if (!file.equals(files.get(tensor.name()))) {
          throw new InputException(
              "weights-corrupt",
              "%s holds tensor %s, which %s places elsewhere. Get the shards again."
                  .formatted(folder.resolve(file), tensor.name(), INDEX));
        }
      }
    }
    for (String name : files.keySet()) {
      if (!tensors.containsKey(name)) {
        throw new InputException(
            "weights-corrupt",
            "%s places tensor %s in %s, which does not hold it. Get the shards again."
                .formatted(index, name, files.get(name)));
      }
    }
    return tensors;
  }

  private static Map<String, Tensor> byName(List<Tensor> tensors) {
    Map<String, Tensor> named = new LinkedHashMap<>();
    tensors.forEach(tensor -> named.put(tensor.name(), tensor));
    return named;
  }

  /** All tensors. */
  public Collection<Tensor> tensors() {
    return tensors.values();
  }

  /** The matrix of that name, which must have that shape. */
  public Matrix matrix(String name, int rows, int columns) {
    Tensor tensor = tensor(name, List.of((long) rows, (long) columns));
    return new Matrix(tensor.data(), tensor.dtype(), rows, columns);
  }

  /** The vector of that name, which must have that length, as a matrix of one row. */
  public Matrix vector(String name, int length) {
    Tensor tensor = tensor(name, List.of((long) length));
    return new Matrix(tensor.data(), tensor.dtype(), 1, length);
  }

  /** The names of tensors that nobody has asked for so far. */
  public List<String> unused() {
    return tensors.keySet().stream().filter(name -> !asked.contains(name)).toList();
  }

  private Tensor tensor(String name, List<Long> shape) {
    asked.add(name);
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new InputException(
          "tensor-missing",
          "The checkpoint in %s has no tensor %s, which config.json asks for, among its %d"
                  .formatted(folder, name, tensors.size())
              + " tensors. Check that config.json belongs to these weights.");
    }
    if (!tensor.shape().equals(shape)) {
      throw new InputException(
          "tensor-shape",
          "Tensor %s of %s must have the shape %s by config.json, but has %s."
              .formatted(name, folder, shape, tensor.shape()));
    }
    return tensor;
  }
}
