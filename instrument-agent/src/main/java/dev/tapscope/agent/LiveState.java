package dev.tapscope.agent;

import java.util.List;
import java.util.Locale;

/**
 * How a run in a running JVM stands, where the command that attached it can read it: in system
 * properties, the one thing the Attach API lets another process see.
 */
enum LiveState {
  /** Taps are woven. */
  ATTACHED,
  /** The run is closed and every class has its own code back, or the text says which has not. */
  DETACHED,
  /** Nothing was done; the text says why. */
  REFUSED;

  private static final String STATE = "tapscope.live.state";
  private static final String EXIT = "tapscope.live.exit";
  private static final String TEXT = "tapscope.live.text";

  /**
   * @param exit the code the command ends with
   * @param lines what it prints
   */
  void publish(int exit, List<String> lines) {
    System.setProperty(TEXT, String.join("\n", lines));
    System.setProperty(EXIT, Integer.toString(exit));
    System.setProperty(STATE, name().toLowerCase(Locale.ROOT));
  }
}
