package dev.tapscope.sae;

import dev.tapscope.io.Npz;
import dev.tapscope.io.NpzWriter;
import dev.tapscope.kernel.SaeWeights;
import java.nio.file.Path;
import java.util.Map;

/**
 * Gemma Scope (arXiv 2408.05147): {@code params.npz} with {@code W_enc [d_in, F]}, {@code b_enc
 * [F]}, {@code W_dec [F, d_out]}, {@code b_dec [d_out]}, {@code threshold [F]}; names may be in
 * lower case. An optional {@code scaling_factor [F]} multiplies the activations before they are
 * decoded.
 */
final class GemmaScopeFormat {
  static final String FILE = "params.npz";

  private GemmaScopeFormat() {}

  static JumpReluSae read(Path file) {
    Parameters parameters = new Parameters(file, Npz.open(file).arrays());
    SaeWeights.Draft draft = parameters.read();
    parameters.find("scaling_factor").ifPresent(s -> parameters.scaleDecoder(draft, s));
    Folding folding = new Folding(draft);
    folding.clampThresholds();
    boolean folded = folding.unitDecoder();
    return new JumpReluSae(
        draft.finish(),
        SaeFormat.GEMMA_SCOPE.word(),
        file,
        Sha256.of(file),
        folded,
        folding.notes());
  }

  /** What the file cannot say of itself goes into {@link Provenance#FILE} beside it. */
  static Path write(SaeWriter sae, Path folder) {
    Path file = folder.resolve(FILE);
    NpzWriter writer = new NpzWriter();
    WeightTables.of(sae.weights()).forEach(writer::array);
    writer.writeTo(file);
    Map<String, Object> document = Provenance.of(sae, SaeFormat.GEMMA_SCOPE);
    document.put("sha256", Sha256.of(file));
    Provenance.write(folder.resolve(Provenance.FILE), document);
    return file;
  }
}
