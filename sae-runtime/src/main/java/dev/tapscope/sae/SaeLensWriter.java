package dev.tapscope.sae;

import dev.tapscope.io.SafetensorsWriter;
import dev.tapscope.kernel.SaeWeights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Writes SAELens's folder with the keys of its version 6. Where it has no key of its own for
 * something, that stands under {@code metadata.tapscope}, which it carries along.
 */
final class SaeLensWriter {
  /** Version whose keys these are; SAELens takes a folder without one for an older one. */
  private static final String VERSION = "6.0.0";

  private final SaeWriter sae;
  private final SaeWeights weights;
  private final boolean transcoder;

  SaeLensWriter(SaeWriter sae) {
    this.sae = sae;
    this.weights = sae.weights();
    String site = sae.stated().getOrDefault("site", "");
    this.transcoder = weights.inputs() != weights.outputs() || site.startsWith("transcoder_in");
  }

  Path write(Path folder) {
    Path file = folder.resolve(SaeLensFormat.WEIGHTS);
    SafetensorsWriter writer = new SafetensorsWriter();
    WeightTables.of(weights).forEach(writer::tensor);
    writer.writeTo(file);
    sae.stats().ifPresent(stats -> sparsity(stats, folder.resolve(SaeLensFormat.SPARSITY)));
    if (sae.convention().inputScale() != 1) {
      Provenance.write(
          folder.resolve(SaeLensFormat.SCALER),
          Map.of("scaling_factor", 1 / sae.convention().inputScale()));
    }
    Provenance.write(folder.resolve(SaeLensFormat.CONFIG), config());
    return file;
  }

  private static void sparsity(SaeStats stats, Path file) {
    float[] logarithms = new float[stats.features()];
    for (int f = 0; f < logarithms.length; f++) {
      logarithms[f] = (float) Math.log10(stats.density(f).orElse(0) + 1e-10);
    }
    new SafetensorsWriter().vector("sparsity", logarithms).writeTo(file);
  }

  private Map<String, Object> config() {
    Optional<String> hook = hook("site");
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("d_in", weights.inputs());
    config.put("d_sae", weights.features());
    if (transcoder) {
      config.put("d_out", weights.outputs());
    }
    config.put("dtype", "float32");
    config.put("device", "cpu");
    config.put(SaeLensFormat.INPUT_BIAS, sae.convention().inputBias());
    config.put(
        "normalize_activations",
        sae.convention().inputScale() == 1 ? "none" : "expected_average_only_in");
    config.put(
        "reshape_activations",
        hook.filter(h -> h.endsWith("hook_z")).isPresent() ? "hook_z" : "none");
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("sae_lens_version", VERSION);
    Optional.ofNullable(sae.stated().get("model")).ifPresent(m -> metadata.put("model_name", m));
    hook.ifPresent(h -> metadata.put("hook_name", h));
    hook("output_site").ifPresent(h -> metadata.put("hook_name_out", h));
    metadata.put("prepend_bos", true);
    metadata.put("tapscope", Provenance.of(sae, SaeFormat.SAELENS));
    config.put("metadata", metadata);
    config.put("architecture", transcoder ? SaeLensFormat.TRANSCODER : SaeLensFormat.PLAIN);
    return config;
  }

  /** TransformerLens's name of a stated site, for the sites SAEs are made of. */
  private Optional<String> hook(String key) {
    String layer = sae.stated().getOrDefault("layer", "");
    String point =
        switch (sae.stated().getOrDefault(key, "")) {
          case "res" -> "hook_resid_post";
          case "mlp" -> "hook_mlp_out";
          case "att" -> "attn.hook_z";
          case "transcoder_in" -> "ln2.hook_normalized";
          default -> "";
        };
    return point.isEmpty() || layer.isEmpty()
        ? Optional.empty()
        : Optional.of("blocks." + layer + "." + point);
  }
}
