package dev.tapscope.attach;

import dev.tapscope.cuda.GpuException;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/**
 * One SAE at its site: encodes each row as it arrives, after what others have edited upstream and
 * before its own edits, and applies the edits where it writes. A transcoder reads at one site and
 * writes at another, later in the same pass. Thread-safe: passes share nothing but sums.
 */
final class SaeTap {
  private final SaeOption option;
  private final SaeFolder folder;
  private final SaeKernels kernels;
  private final EditPlan edits;
  private final IntFunction<String> text;
  private final Map<Integer, PassRows> passes = new ConcurrentHashMap<>();
  private final Tally tally = new Tally();

  SaeTap(
      SaeOption option,
      SaeFolder folder,
      SaeKernels kernels,
      EditPlan edits,
      IntFunction<String> text) {
    this.option = option;
    this.folder = folder;
    this.kernels = kernels;
    this.edits = edits;
    this.text = text;
  }

  SaeOption option() {
    return option;
  }

  SaeFolder folder() {
    return folder;
  }

  SaeKernels kernels() {
    return kernels;
  }

  Tally tally() {
    return tally;
  }

  /** The hook of an SAE that writes where it reads. */
  void onSite(Activation site) {
    onInput(site);
    onOutput(site);
  }

  /** The hook of a transcoder where it reads. */
  void onInput(Activation input) {
    SaeWeights weights = folder.sae().weights();
    int width = weights.inputs();
    int rows = input.rows();
    checkRows(input, width, "reads");
    float[] x = new float[Math.multiplyExact(rows, width)];
    float[] row = new float[width];
    for (int r = 0; r < rows; r++) {
      input.read(r, row);
      checkFinite(input, r, row);
      System.arraycopy(row, 0, x, r * width, width);
    }
    PassRows.Fire fire = fire(weights, x, rows);
    PassRows pass = passes.computeIfAbsent(input.pass().index(), i -> new PassRows(input.pass()));
    for (int r = 0; r < rows; r++) {
      pass.encoded(input.position(r), fire, r);
    }
  }

  private PassRows.Fire fire(SaeWeights weights, float[] x, int rows) {
    try {
      var features = kernels.encode(weights, x, rows);
      float[] xhat = new float[Math.multiplyExact(rows, weights.outputs())];
      kernels.decode(weights, features, xhat);
      return new PassRows.Fire(features, xhat);
    } catch (GpuException e) {
      throw TapscopeException.failed(
          "device-failed", "SAE %s cannot run. %s".formatted(option.name(), e.getMessage()), e);
    }
  }

  /** The hook of a transcoder where it writes. */
  void onOutput(Activation output) {
    int width = folder.sae().outputs();
    checkRows(output, width, "writes");
    PassRows pass = passes.get(output.pass().index());
    float[] h = new float[width];
    for (int r = 0; r < output.rows(); r++) {
      int position = output.position(r);
      PassRows.Encoded encoded =
          Optional.ofNullable(pass)
              .flatMap(p -> p.at(position))
              .orElseThrow(() -> unpaired(output.address(), position, output.pass()));
      output.read(r, h);
      float[] xhat = encoded.fire().reconstructions();
      int at = encoded.row() * width;
      pass.compare(position, h, width, xhat, at);
      if (edits.apply(
          pass.pass, position, text, encoded.fire().features(), encoded.row(), xhat, at, h)) {
        checkEdited(output, r, h);
        output.write(r, h);
      }
    }
  }

  /** Forgets passes of a sequence that never ended: the model failed in them. */
  void begin(Pass pass) {
    passes
        .values()
        .removeIf(
            rows -> rows.pass.sequence() == pass.sequence() && rows.pass.index() < pass.index());
  }

  /** Takes the rows of a pass that has ended; empty when the site did not fire in it. */
  Optional<PassRows> end(Pass pass) {
    Optional<PassRows> rows = Optional.ofNullable(passes.remove(pass.index()));
    if (rows.isPresent()) {
      int open = rows.get().open();
      if (open > 0) {
        throw TapscopeException.check(
            "transcoder-pair",
            "SAE %s encoded %d rows at %s in %s, and %s did not show %d of them. Check that both sites belong to one layer and one forward pass."
                .formatted(
                    option.name(),
                    rows.get().rows().size(),
                    option.input(),
                    pass,
                    option.target(),
                    open));
      }
      rows.get().addTo(tally);
    }
    return rows;
  }

  private TapscopeException unpaired(Address address, int position, Pass pass) {
    return TapscopeException.check(
        "transcoder-pair",
        "SAE %s is to write at %s, position %d, and %s has not shown that position in %s before. Give the site it reads first: INPUT>OUTPUT."
            .formatted(option.name(), address, position, option.input(), pass));
  }

  private void checkRows(Activation activation, int wanted, String does) {
    for (int r = 0; r < activation.rows(); r++) {
      if (activation.head(r) >= 0) {
        throw TapscopeException.check(
            "sae-width",
            "SAE %s %s at %s, whose rows belong to attention heads and have no fixed width. Attach it to a site with one row a position, such as res."
                .formatted(option.name(), does, activation.address()));
      }
      if (activation.width(r) != wanted) {
        throw TapscopeException.check(
            "sae-width",
            "SAE %s (%s) %s rows of %d values, and the rows at %s have %d. Attach it to the site and model it was trained on."
                .formatted(
                    option.name(),
                    option.path(),
                    does,
                    wanted,
                    activation.address(),
                    activation.width(r)));
      }
    }
  }

  private void checkEdited(Activation activation, int r, float[] h) {
    for (int k = 0; k < h.length; k++) {
      if (!Float.isFinite(h[k])) {
        throw TapscopeException.check(
            "edit-nonfinite",
            "The edits of SAE %s make value %d of %s at position %d %s. Give smaller strengths."
                .formatted(option.name(), k, activation.address(), activation.position(r), h[k]));
      }
    }
  }

  private void checkFinite(Activation activation, int r, float[] row) {
    for (int k = 0; k < row.length; k++) {
      if (!Float.isFinite(row[k])) {
        throw TapscopeException.check(
            "activation-nonfinite",
            "SAE %s was to encode %s at position %d, and value %d there is %s. Check the model's weights and the edits upstream."
                .formatted(option.name(), activation.address(), activation.position(r), k, row[k]));
      }
    }
  }
}
