package dev.tapscope.sae;

import dev.tapscope.io.Shape;
import dev.tapscope.io.StoredArray;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The arrays of an SAE file, found by name and read into weights once their shapes agree. */
final class Parameters {
  /** Reads {@code row} {@code index} into its place in a draft. */
  private interface Place {
    void put(int index, float[] row);
  }

  private final Path file;
  private final Map<String, StoredArray> arrays;

  Parameters(Path file, Map<String, StoredArray> arrays) {
    this.file = file;
    this.arrays = arrays;
  }

  /** An array by its name, or by its name in lower case. */
  Optional<StoredArray> find(String name) {
    return Optional.ofNullable(arrays.get(name))
        .or(() -> Optional.ofNullable(arrays.get(name.toLowerCase(Locale.ROOT))));
  }

  private StoredArray need(String name) {
    Collection<String> there = arrays.keySet();
    return find(name)
        .orElseThrow(() ->
            TapscopeException.failed(
                "sae-array",
                "%s has no array %s; it holds %s. A JumpReLU SAE has W_enc, b_enc, W_dec, b_dec and threshold."
                    .formatted(file, name, there)));
  }

  /**
   * Reads {@code W_enc [d_in, F]}, {@code W_dec [F, d_out]}, both biases and the thresholds, which
   * training files may hold as {@code log_threshold}.
   */
  SaeWeights.Draft read() {
    StoredArray encoder = need("W_enc");
    StoredArray decoder = need("W_dec");
    StoredArray encoderBias = need("b_enc");
    StoredArray decoderBias = need("b_dec");
    Optional<StoredArray> logarithm =
        find("threshold").isPresent() ? Optional.empty() : find("log_threshold");
    StoredArray threshold = logarithm.orElseGet(() -> need("threshold"));
    if (encoder.shape().rank() != 2 || decoder.shape().rank() != 2) {
      throw shape(encoder, "[d_in, F], and W_dec [F, d_out]; W_dec is " + decoder.shape());
    }
    int inputs = size(encoder, 0);
    int features = size(encoder, 1);
    int outputs = size(decoder, 1);
    check(decoder, Shape.of(features, outputs), "W_enc is " + encoder.shape());
    check(encoderBias, Shape.of(features), "W_enc is " + encoder.shape());
    check(decoderBias, Shape.of(outputs), "W_dec is " + decoder.shape());
    check(threshold, Shape.of(features), "W_enc is " + encoder.shape());

    SaeWeights.Draft draft = allocate(inputs, features, outputs);
    fill(encoder, draft::encoderRow, draft::encoderColumn);
    fill(decoder, draft::decoderRow, draft::decoderColumn);
    fill(encoderBias, draft.encoderBias());
    fill(decoderBias, draft.decoderBias());
    fill(threshold, draft.threshold());
    if (logarithm.isPresent()) {
      exponentiate(draft.threshold());
    }
    return draft;
  }

  private static void exponentiate(float[] values) {
    for (int f = 0; f < values.length; f++) {
      values[f] = (float) Math.exp(values[f]);
    }
  }

  /** Multiplies the decoder rows by a vector {@code [F]}. */
  void scaleDecoder(SaeWeights.Draft draft, StoredArray factors) {
    check(
        factors, Shape.of(draft.features()), "the SAE has %d features".formatted(draft.features()));
    float[] values = new float[draft.features()];
    fill(factors, values);
    for (int f = 0; f < values.length; f++) {
      draft.scaleDecoder(f, values[f]);
    }
  }

  private SaeWeights.Draft allocate(int inputs, int features, int outputs) {
    try {
      return new SaeWeights.Draft(inputs, features, outputs);
    } catch (OutOfMemoryError e) {
      throw TapscopeException.failed(
          "sae-memory",
          "%s needs %d MiB outside the Java heap, more than this JVM may take. Raise -XX:MaxDirectMemorySize, or -Xmx, which sets it too."
              .formatted(file, SaeWeights.bytes(inputs, features, outputs) >> 20),
          e);
    }
  }

  private int size(StoredArray array, int axis) {
    long size = array.shape().size(axis);
    if (size < 1 || size > Integer.MAX_VALUE / 2) {
      throw TapscopeException.failed(
          "sae-shape",
          "%s has shape %s; each size must lie between 1 and %d. Check that the file is an SAE."
              .formatted(array.where(), array.shape(), Integer.MAX_VALUE / 2));
    }
    return (int) size;
  }

  private static void check(StoredArray array, Shape wanted, String because) {
    if (!array.shape().equals(wanted)) {
      throw shape(array, "%s, since %s".formatted(wanted, because));
    }
  }

  private static TapscopeException shape(StoredArray array, String wanted) {
    return TapscopeException.failed(
        "sae-shape",
        "%s has shape %s; wanted is %s. Check that the file is an SAE and its arrays are not transposed."
            .formatted(array.where(), array.shape(), wanted));
  }

  private static void fill(StoredArray array, Place rows, Place columns) {
    Place place = array.columnMajor() ? columns : rows;
    array.rows((index, row) -> {
      checkFinite(array, index, row);
      place.put(Math.toIntExact(index), row);
    });
  }

  private static void fill(StoredArray vector, float[] into) {
    vector.rows((index, row) -> {
      checkFinite(vector, index, row);
      System.arraycopy(row, 0, into, 0, into.length);
    });
  }

  private static void checkFinite(StoredArray array, long index, float[] row) {
    for (int i = 0; i < row.length; i++) {
      if (!Float.isFinite(row[i])) {
        throw TapscopeException.failed(
            "sae-nonfinite",
            "%s holds %s at place %d; an SAE's numbers must be finite. Get the file again, or train it anew."
                .formatted(array.where(), row[i], index * row.length + i));
      }
    }
  }
}
