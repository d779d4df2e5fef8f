package dev.tapscope.emulated;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.cuda.Gpu;

/**
 * The emulated driver's GPU, one for the whole JVM. Once the driver is loaded, {@code device=auto}
 * means it, so tests of the CPU name that.
 */
public final class EmulatedGpu {
  private EmulatedGpu() {}

  /** The GPU, opened and with its usual settings; nobody closes it. Skips a test where it lacks. */
  public static Gpu opened() {
    EmulatedDriver.require();
    return Opened.GPU;
  }

  private static final class Opened {
    static final Gpu GPU = Gpu.open();
  }
}
