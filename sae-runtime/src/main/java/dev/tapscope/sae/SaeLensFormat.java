package dev.tapscope.sae;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.StoredArray;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * SAELens, before and after its version 6: {@code cfg.json} and {@code sae_weights.safetensors}
 * with the arrays of Gemma Scope. The configuration says what the weights leave out: whether {@code
 * b_dec} is taken off the input, and by what the input is scaled.
 */
final class SaeLensFormat {
  static final String CONFIG = "cfg.json";
  static final String WEIGHTS = "sae_weights.safetensors";
  static final String SPARSITY = "sparsity.safetensors";

  /** Where a training checkpoint keeps the factor of {@code expected_average_only_in}. */
  static final String SCALER = "activation_scaler.json";

  static final String INPUT_BIAS = "apply_b_dec_to_input";

  static final String PLAIN = "jumprelu";
  static final String TRANSCODER = "jumprelu_transcoder";
  private static final Set<String> ARCHITECTURES = Set.of(PLAIN, TRANSCODER);
  private static final JsonMapper JSON = new JsonMapper();

  private final Path folder;
  private final JsonNode config;

  private SaeLensFormat(Path folder) {
    this.folder = folder;
    this.config = json(folder.resolve(CONFIG));
  }

  static JumpReluSae read(Path folder) {
    return new SaeLensFormat(folder).read();
  }

  private JumpReluSae read() {
    String architecture = architecture();
    // SAELens's own default; a transcoder's bias belongs to another site than its input.
    boolean bias = flag(INPUT_BIAS, architecture.equals(PLAIN));
    Optional<Double> scale = inputScale();
    Path file = folder.resolve(WEIGHTS);
    Parameters parameters = new Parameters(file, Safetensors.open(file).tensors());
    SaeWeights.Draft draft = parameters.read();
    finetuningScale(parameters).ifPresent(s -> parameters.scaleDecoder(draft, s));
    Folding folding = new Folding(draft);
    if (!states(INPUT_BIAS)) {
      folding.note(
          "Its %s does not state %s; taken as %s, the default of SAELens for the architecture %s."
              .formatted(CONFIG, INPUT_BIAS, bias, architecture));
    }
    folding.clampThresholds();
    if (bias) {
      if (draft.inputs() != draft.outputs()) {
        throw unsupported(
            "takes a decoder bias of width %d off an input of width %d"
                .formatted(draft.outputs(), draft.inputs()));
      }
      folding.inputBias();
    }
    scale.ifPresent(folding::inputScale);
    boolean folded = folding.unitDecoder();
    return new JumpReluSae(
        draft.finish(), SaeFormat.SAELENS.word(), file, Sha256.of(file), folded, folding.notes());
  }

  private String architecture() {
    JsonNode node = config.path("architecture");
    String architecture = node.isString() ? node.stringValue() : "standard";
    if (!ARCHITECTURES.contains(architecture)) {
      throw unsupported("has the architecture '%s'".formatted(architecture));
    }
    return architecture;
  }

  private Optional<Double> inputScale() {
    JsonNode node = config.path("normalize_activations");
    if (node.isMissingNode() || node.isNull() || (node.isBoolean() && !node.booleanValue())) {
      return Optional.empty();
    }
    // Early versions had one kind of scaling and said true.
    String kind = node.isBoolean() ? "expected_average_only_in" : node.asString();
    return switch (kind) {
      case "none" -> Optional.empty();
      case "expected_average_only_in" -> Optional.of(knownScale());
      default -> throw unsupported("scales its input by '%s'".formatted(kind));
    };
  }

  private double knownScale() {
    Path file = folder.resolve(SCALER);
    if (!Files.exists(file)) {
      throw unsupported(
          "scales its input by 'expected_average_only_in' and no %s says by how much"
              .formatted(SCALER));
    }
    JsonNode factor = json(file).path("scaling_factor");
    if (!factor.isNumber() || !(factor.doubleValue() > 0) || factor.doubleValue() > 1e30) {
      throw TapscopeException.failed(
          "sae-config",
          "%s states the scaling_factor %s; a positive number was wanted. Save the SAE anew."
              .formatted(file, factor));
    }
    return factor.doubleValue();
  }

  private Optional<StoredArray> finetuningScale(Parameters parameters) {
    Optional<StoredArray> factors =
        parameters.find("finetuning_scaling_factor").or(() -> parameters.find("scaling_factor"));
    if (factors.isEmpty() && flag("finetuning_scaling_factor", false)) {
      throw unsupported("is finetuned by a scaling factor that its weights do not hold");
    }
    return factors;
  }

  private boolean states(String key) {
    JsonNode node = config.path(key);
    return !node.isMissingNode() && !node.isNull();
  }

  private boolean flag(String key, boolean otherwise) {
    if (!states(key)) {
      return otherwise;
    }
    JsonNode node = config.path(key);
    if (!node.isBoolean()) {
      throw TapscopeException.failed(
          "sae-config",
          "%s states %s for %s; true or false was wanted. Save the SAE anew."
              .formatted(folder.resolve(CONFIG), node, key));
    }
    return node.booleanValue();
  }

  private TapscopeException unsupported(String what) {
    return TapscopeException.failed(
        "sae-unsupported",
        "The SAE in %s %s. Of SAELens, JumpReLU SAEs and transcoders are read whose input is not scaled, or by a factor beside them: fold the scale with SAELens before saving, or use another SAE."
            .formatted(folder, what));
  }

  private static JsonNode json(Path file) {
    try {
      JsonNode node = JSON.readTree(Files.readString(file));
      if (node.isObject()) {
        return node;
      }
      throw config(file, "it is no JSON object", null);
    } catch (JacksonException e) {
      throw config(file, e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw config(file, e.getMessage(), e);
    }
  }

  private static TapscopeException config(Path file, String found, Throwable cause) {
    return TapscopeException.failed(
        "sae-config", "%s cannot be read: %s. Save the SAE anew.".formatted(file, found), cause);
  }

  /** Whether a folder looks like one of SAELens. */
  static boolean recognises(Path folder) {
    return List.of(CONFIG, WEIGHTS).stream().allMatch(f -> Files.isRegularFile(folder.resolve(f)));
  }
}
