package dev.tapscope.sae;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.SafetensorsWriter;
import dev.tapscope.io.StoredArray;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The state of dictionary_learning's {@code JumpReluAutoEncoder}, as safetensors: {@code W_enc [d,
 * F]}, {@code b_enc [F]}, {@code W_dec [F, d]}, {@code b_dec [d]}, {@code threshold [F]}. Its code
 * takes no bias off the input, and its trainer saves biases in the units of the model.
 */
final class DictionaryLearningFormat {
  static final String FILE = "ae.safetensors";
  static final String CONFIG = "config.json";

  /** What its own code saves: a pickle. */
  static final String PICKLE = "ae.pt";

  private static final Set<String> OTHER_DICTIONARIES =
      Set.of("encoder.weight", "decoder.weight", "encoder.bias", "bias");

  private DictionaryLearningFormat() {}

  static JumpReluSae read(Path file) {
    Map<String, StoredArray> arrays = Safetensors.open(file).tensors();
    if (arrays.keySet().stream().anyMatch(OTHER_DICTIONARIES::contains)) {
      throw TapscopeException.failed(
          "sae-unsupported",
          "%s holds %s, which is another of dictionary_learning's dictionaries than its JumpReluAutoEncoder. Give one trained with JumpReluTrainer."
              .formatted(file, arrays.keySet()));
    }
    SaeWeights.Draft draft = new Parameters(file, arrays).read();
    Folding folding = new Folding(draft);
    folding.clampThresholds();
    boolean folded = folding.unitDecoder();
    return new JumpReluSae(
        draft.finish(),
        SaeFormat.DICTIONARY_LEARNING.word(),
        file,
        Sha256.of(file),
        folded,
        folding.notes());
  }

  /** A pickle may run any code when it is loaded, so it is not read here. */
  static TapscopeException pickle(Path file) {
    return TapscopeException.failed(
        "sae-pickle",
        "%s is a PyTorch pickle, which can run code when it is loaded and is not read here. Convert it once with Python, from a source you trust: python3 -c \"import torch; from safetensors.torch import save_file; s = torch.load('%s', map_location='cpu', weights_only=True); save_file({k: v.contiguous() for k, v in s.items()}, '%s')\", then give that file."
            .formatted(file, file.getFileName(), FILE));
  }

  static Path write(SaeWriter sae, Path folder) {
    SaeWeights weights = sae.weights();
    Path file = folder.resolve(FILE);
    SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
    WeightTables.of(weights).forEach(writer::tensor);
    Map<String, Object> trainer = new LinkedHashMap<>();
    trainer.put("dict_class", "JumpReluAutoEncoder");
    trainer.put("activation_dim", weights.inputs());
    trainer.put("dict_size", weights.features());
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("trainer", trainer);
    config.put("tapscope", Provenance.of(sae, SaeFormat.DICTIONARY_LEARNING));
    Provenance.write(folder.resolve(CONFIG), config);
    writer.writeTo(file);
    return file;
  }
}
