package dev.tapscope.sae;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.Arrays;

/** Main class of JVMs started by tests: loads an SAE, encodes one row of ones, says what it did. */
final class EncodeOnce {
  private EncodeOnce() {}

  @SuppressWarnings("SystemOut") // read by the test
  public static void main(String[] args) {
    try {
      JumpReluSae sae = SaeFolder.open(Path.of(args[0])).sae();
      float[] ones = new float[sae.inputs()];
      Arrays.fill(ones, 1);
      int active = Kernels.best().encode(sae.weights(), ones, 1).count(0);
      System.out.println(Kernels.best().name() + " " + active);
      System.out.println(Kernels.advice());
    } catch (TapscopeException e) {
      System.out.println(e.line());
    }
  }
}
