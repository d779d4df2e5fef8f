package dev.tapscope.agent;

import dev.tapscope.run.TapEvents;
import dev.tapscope.tap.TapscopeException;

/** The JDK's flight recorder, where this JVM has one. */
final class FlightRecorder {
  private FlightRecorder() {}

  /**
   * Events that appear in a recording under {@code dev.tapscope.Tap}.
   *
   * @throws TapscopeException {@code jfr-missing}
   */
  static TapEvents events() {
    if (ModuleLayer.boot().findModule("jdk.jfr").isEmpty()) {
      throw TapscopeException.usage(
          "jfr-missing",
          "jfr=true needs the module jdk.jfr, and this Java ("
              + System.getProperty("java.home")
              + ") was linked without it. Use a whole JDK, or leave jfr=true out.");
    }
    return TapEvent::started;
  }
}
