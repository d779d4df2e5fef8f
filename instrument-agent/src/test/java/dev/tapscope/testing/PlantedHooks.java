package dev.tapscope.testing;

import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Extension;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.TapscopeException;
import java.util.Map;

/** An extension of the agent for tests; {@code edit.1} says what it does. */
public final class PlantedHooks implements Extension {
  @Override
  public void install(Run run, Map<String, String> options) {
    String what = options.getOrDefault("edit.1", "nothing");
    run.folder().describe("planted", what);
    switch (what) {
      case "throw" ->
          run.on(
              "res.1",
              Phase.SPLICE,
              a -> {
                a.write(0, new float[a.width(0)]);
                throw new IllegalStateException("planted");
              });
      case "fatal" ->
          run.on(
              "res.1",
              Phase.SPLICE,
              a -> {
                if (a.pass().index() == 2) {
                  throw TapscopeException.failed("planted", "The run is told to end.");
                }
              });
      case "zero" -> run.on("res.*", Phase.REPLACE, PlantedHooks::zero);
      case "huge" ->
          run.on(
              "res.1",
              Phase.REPLACE,
              a -> {
                float[] row = new float[a.width(0)];
                row[0] = 1e6f;
                a.write(0, row);
              });
      case "texts" ->
          run.onPassEnd(pass -> run.folder().describe("text", run.text(pass.tokens()[0])));
      case "refuse" -> throw TapscopeException.usage("planted", "This is not understood.");
      case "bug" -> throw new IllegalStateException("planted");
      default -> run.onPassEnd(pass -> {});
    }
  }

  private static void zero(Activation activation) {
    for (int row = 0; row < activation.rows(); row++) {
      activation.write(row, new float[activation.width(row)]);
    }
  }
}
