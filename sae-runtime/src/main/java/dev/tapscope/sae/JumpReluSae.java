package dev.tapscope.sae;

import dev.tapscope.kernel.SaeWeights;
import java.nio.file.Path;
import java.util.List;

/**
 * A JumpReLU SAE or transcoder, ready to run:
 *
 * <pre>{@code
 * z = x @ W_enc + b_enc;  f = z where z > threshold, else 0;  xhat = f @ W_dec + b_dec
 * }</pre>
 *
 * <p>Whatever else a format has (a bias taken off the input, an input scale, decoder rows that are
 * not of unit length) has been folded into these parameters, so that activations are in the units
 * of the site and comparable between SAEs. Immutable.
 *
 * @param weights the parameters; decoder rows have unit norm, to 1e-3
 * @param format the {@link SaeFormat#word word} of its format
 * @param file the file that holds the weights
 * @param sha256 of that file, lower-case hex
 * @param folded whether activations and thresholds were scaled by the norms of the decoder rows
 * @param notes what was done on loading, sentences for the user
 */
public record JumpReluSae(
    SaeWeights weights,
    String format,
    Path file,
    String sha256,
    boolean folded,
    List<String> notes) {

  public JumpReluSae {
    notes = List.copyOf(notes);
  }

  /** Width of the rows it reads. */
  public int inputs() {
    return weights.inputs();
  }

  /** Number of features, F. */
  public int features() {
    return weights.features();
  }

  /** Width of the rows it writes. */
  public int outputs() {
    return weights.outputs();
  }
}
