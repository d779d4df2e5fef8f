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
 * The tensors of a Hugging Face folder, one {@code model.safetensors} or the shards that {@code
 * model.safetensors.index.json} lists, or those of a GGUF file. They are asked for by Hugging
 * Face's names, and stay in the mapped files.
 */
public final class Checkpoint {

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  private final Path source;
  private final Format format;
  private final Map<String, Tensor> tensors;
  private final Set<String> asked = new HashSet<>();

  private Checkpoint(Path source, Format format, Map<String, Tensor> tensors) {
    this.source = source;
    this.format = format;
    this.tensors = tensors;
  }

  /** How the tensors are stored. */
  public enum Format {
    SAFETENSORS("config.json", false) {
      @Override
      String nameOf(String name) {
        return name;
      }
    },
    GGUF("the metadata", true) {
      @Override
      String nameOf(String name) {
        return TensorNames.inGguf(name);
      }
    };

    private final String config;
    private final boolean holdsGains;

    Format(String config, boolean holdsGains) {
      this.config = config;
      this.holdsGains = holdsGains;
    }

    /** What this format calls a tensor of Hugging Face's. */
    abstract String nameOf(String name);

    /**
     * Whether the tensor of a norm is its gain 1 + w, as converters to GGUF write it, rounded to
     * fp32; otherwise it is w.
     */
    public boolean holdsGains() {
      return holdsGains;
    }
  }

  /**
   * Opens the checkpoint that {@code model} names: a folder, or a GGUF file. No weight is read yet.
   */
  public static Checkpoint open(Path model) {
    return Gguf.find(model)
        .map(gguf -> new Checkpoint(gguf.file(), Format.GGUF, byName(gguf.tensors())))
        .orElseGet(() -> new Checkpoint(model, Format.SAFETENSORS, safetensors(model)));
  }

  private static Map<String, Tensor> safetensors(Path folder) {
    Path index = folder.resolve(INDEX);
    if (Files.exists(folder.resolve(SINGLE))) {
      return byName(Safetensors.read(folder.resolve(SINGLE)));
    }
    if (Files.exists(index)) {
      return sharded(folder, index);
    }
    throw new InputException(
        "weights-missing",
        "%s holds neither %s nor %s, nor one GGUF file. Name the folder of a downloaded model."
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

  /** How the tensors are stored. */
  public Format format() {
    return format;
  }

  /** What the stored form calls the tensor that Hugging Face calls {@code name}. */
  public String nameOf(String name) {
    return format.nameOf(name);
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

  private Tensor tensor(String asName, List<Long> shape) {
    String name = nameOf(asName);
    asked.add(name);
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new InputException(
          "tensor-missing",
          "The checkpoint in %s has no tensor %s, which %s asks for, among its %d tensors. Check"
                  .formatted(source, name, format.config, tensors.size())
              + " that %s belongs to these weights.".formatted(format.config));
    }
    if (!tensor.shape().equals(shape)) {
      throw new InputException(
          "tensor-shape",
          "Tensor %s of %s must have the shape %s by %s, but has %s."
              .formatted(name, source, shape, format.config, tensor.shape()));
    }
    return tensor;
  }
}
