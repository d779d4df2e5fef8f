package dev.tapscope.sae;

import dev.tapscope.io.NpyBytes;
import dev.tapscope.io.ZipBytes;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A small SAE, d_in 2, F 3, d_out 2, written in any of the formats with anything changed. */
public final class SaeFiles {
  /** An array's shape in Python and its numbers. */
  private record Array(String shape, float... values) {}

  private final Map<String, Array> arrays = new LinkedHashMap<>();

  public SaeFiles() {
    with("W_enc", "(2, 3)", 1, 0, 2, 0, 1, -1);
    with("b_enc", "(3,)", 0.5f, -1, 0);
    with("W_dec", "(3, 2)", 1, 0, 0, 1, 0.6f, 0.8f);
    with("b_dec", "(2,)", 10, 20);
    with("threshold", "(3,)", 1, 1, 3);
  }

  public SaeFiles with(String name, String shape, float... values) {
    arrays.put(name, new Array(shape, values));
    return this;
  }

  public SaeFiles without(String name) {
    arrays.remove(name);
    return this;
  }

  public Path npz(Path file) {
    ZipBytes zip = new ZipBytes();
    arrays.forEach((name, a) ->
        zip.entry(name + ".npy", NpyBytes.array("<f4", a.shape(), NpyBytes.f4(a.values()))));
    return zip.writeTo(file);
  }

  public Path safetensors(Path file) {
    return SafetensorsBytes.write(
        file,
        arrays.entrySet().stream()
            .map(e ->
                new SafetensorsBytes.Tensor(
                    e.getKey(),
                    e.getValue().shape().replaceAll("[(]", "[").replaceAll(",?[)]", "]"),
                    e.getValue().values()))
            .toList());
  }
}
