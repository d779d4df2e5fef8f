package dev.tapscope.sae;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.SafetensorsWriter;
import dev.tapscope.io.StoredArray;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a corpus showed of an SAE's features: {@code stats.safetensors} beside it, with {@code max},
 * {@code mean_active} (mean over the tokens where it fires) and {@code density} (share of tokens
 * where it fires), F32 {@code [F]}, in the units of the loaded SAE. Immutable.
 */
public final class SaeStats {
  /** Name of the file beside an SAE. */
  public static final String FILE = "stats.safetensors";

  private static final String MAX = "max";
  private static final String MEAN_ACTIVE = "mean_active";
  private static final String DENSITY = "density";
  private static final String MEAN_NORM = "mean_norm";

  /**
   * Metadata: the address whose rows {@code mean_norm} measures, which is the one the SAE writes.
   */
  public static final String MEAN_NORM_SITE = "mean_norm_site";

  private static final String SAE_HASH = "sae_sha256";

  private final Map<String, float[]> vectors;
  private final Map<String, String> metadata;

  private SaeStats(Map<String, float[]> vectors, Map<String, String> metadata) {
    this.vectors = vectors;
    this.metadata = Map.copyOf(metadata);
  }

  /**
   * Statistics just measured.
   *
   * @param metadata {@code site}, {@code layer}, {@code n_tokens}, {@code corpus}, {@code
   *     corpus_sha256}, {@code sae_sha256}, {@code bos}, {@code eos} (included or excluded), {@code
   *     mean_norm}, {@code mean_norm_site}
   */
  public static SaeStats of(
      float[] max, float[] meanActive, float[] density, Map<String, String> metadata) {
    Map<String, float[]> vectors = new LinkedHashMap<>();
    vectors.put(MAX, max.clone());
    vectors.put(MEAN_ACTIVE, meanActive.clone());
    vectors.put(DENSITY, density.clone());
    return new SaeStats(vectors, metadata);
  }

  /** Reads the statistics in a folder, if there are any. */
  static Optional<SaeStats> in(Path folder, JumpReluSae sae) {
    Path file = folder.resolve(FILE);
    if (Files.exists(file)) {
      SaeStats stats = read(file);
      stats.checkBelongsTo(file, sae);
      return Optional.of(stats);
    }
    Path sparsity = folder.resolve(SaeLensFormat.SPARSITY);
    return Files.exists(sparsity) ? Optional.of(fromSparsity(sparsity, sae)) : Optional.empty();
  }

  /**
   * Reads a file of statistics.
   *
   * @throws TapscopeException {@code stats-corrupt}, or as {@link Safetensors#open}
   */
  public static SaeStats read(Path file) {
    Safetensors stored = Safetensors.open(file);
    Map<String, float[]> vectors = new LinkedHashMap<>();
    int features = -1;
    for (String name : new String[] {MAX, MEAN_ACTIVE, DENSITY}) {
      float[] vector =
          stored
              .find(name)
              .map(StoredArray::floats)
              .orElseThrow(() -> corrupt(file, "it has no tensor " + name));
      if (features >= 0 && vector.length != features) {
        throw corrupt(
            file, "%s has %d values, %s has %d".formatted(name, vector.length, MAX, features));
      }
      features = vector.length;
      checkFinite(file, name, vector);
      vectors.put(name, vector);
    }
    SaeStats stats = new SaeStats(vectors, stored.metadata());
    String norm = stored.metadata().get(MEAN_NORM);
    if (norm != null && !isPositive(norm)) {
      throw corrupt(file, "its mean_norm is '" + norm + "', not a positive number");
    }
    return stats;
  }

  /** SAELens keeps log10 of each feature's density. */
  private static SaeStats fromSparsity(Path file, JumpReluSae sae) {
    float[] density =
        Safetensors.open(file)
            .find("sparsity")
            .map(StoredArray::floats)
            .orElseThrow(() -> corrupt(file, "it has no tensor sparsity"));
    checkFinite(file, "sparsity", density);
    for (int f = 0; f < density.length; f++) {
      density[f] = (float) Math.pow(10, density[f]);
    }
    SaeStats stats = new SaeStats(Map.of(DENSITY, density), Map.of());
    stats.checkBelongsTo(file, sae);
    return stats;
  }

  private void checkBelongsTo(Path file, JumpReluSae sae) {
    int features = vectors.get(DENSITY).length;
    String hash = metadata.getOrDefault(SAE_HASH, sae.sha256());
    if (features != sae.features() || !hash.equals(sae.sha256())) {
      throw TapscopeException.failed(
          "stats-mismatch",
          "%s was measured on another SAE (%d features, hash %.12s) than %s (%d features, hash %.12s). Measure it anew with tapscope stats, or take it away."
              .formatted(file, features, hash, sae.file(), sae.features(), sae.sha256()));
    }
  }

  private static void checkFinite(Path file, String name, float[] vector) {
    for (int f = 0; f < vector.length; f++) {
      if (!Float.isFinite(vector[f])) {
        throw corrupt(file, "%s holds %s for feature %d".formatted(name, vector[f], f));
      }
    }
  }

  private static boolean isPositive(String number) {
    try {
      double value = Double.parseDouble(number);
      return value > 0 && Double.isFinite(value);
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static TapscopeException corrupt(Path file, String found) {
    return TapscopeException.failed(
        "stats-corrupt",
        "%s holds no statistics of an SAE: %s. Measure it anew with tapscope stats, or take it away."
            .formatted(file, found));
  }

  /** Largest activation seen of a feature; empty when it was not measured. */
  public OptionalDouble max(int feature) {
    return value(MAX, feature);
  }

  /** Mean activation of a feature over the tokens where it fires. */
  public OptionalDouble meanActive(int feature) {
    return value(MEAN_ACTIVE, feature);
  }

  /** Share of the tokens on which a feature fires. */
  public OptionalDouble density(int feature) {
    return value(DENSITY, feature);
  }

  private OptionalDouble value(String name, int feature) {
    float[] vector = vectors.get(name);
    return vector == null ? OptionalDouble.empty() : OptionalDouble.of(vector[feature]);
  }

  /**
   * These statistics as those of a transcoder. Where no {@code mean_norm_site} is recorded, {@code
   * mean_norm} is that of the site it reads, and edits count in norms of the site it writes; it is
   * left out then.
   */
  public SaeStats ofTranscoder() {
    if (metadata.containsKey(MEAN_NORM_SITE)) {
      return this;
    }
    Map<String, String> rest = new LinkedHashMap<>(metadata);
    rest.remove(MEAN_NORM);
    return new SaeStats(vectors, rest);
  }

  /** Whether maxima and means were measured too, not only densities. */
  boolean isWhole() {
    return vectors.containsKey(MAX);
  }

  /** The same statistics, of an SAE that says the same in a file of another hash. */
  SaeStats of(String sha256) {
    Map<String, String> changed = new LinkedHashMap<>(metadata);
    changed.put(SAE_HASH, sha256);
    return new SaeStats(vectors, changed);
  }

  /** Mean number of active features. */
  public double l0() {
    double sum = 0;
    for (float density : vectors.get(DENSITY)) {
      sum += density;
    }
    return sum;
  }

  /** Mean Euclidean norm of the rows of the site the SAE writes, in that site's units. */
  public OptionalDouble meanNorm() {
    String norm = metadata.get(MEAN_NORM);
    return norm == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(norm));
  }

  /** Number of features, F. */
  public int features() {
    return vectors.get(DENSITY).length;
  }

  /** Where and on what they were measured, as recorded. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Writes the file, under its name only when whole.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  public void write(Path file) {
    SafetensorsWriter writer = new SafetensorsWriter();
    metadata.forEach(writer::metadata);
    vectors.forEach(writer::vector);
    writer.writeTo(file);
  }
}
