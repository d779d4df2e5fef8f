package dev.tapscope.cuda;

import jcuda.driver.JCudaDriver;

/** JCuda's native libraries, loaded once, from a folder that is this process's own. */
final class Natives {
  private Natives() {}

  /**
   * Loads the driver's; the driver itself has to be there.
   *
   * @throws GpuException when it cannot be loaded
   */
  static void load() {
    if (Driver.FAILURE != null) {
      throw new GpuException(
          "JCuda cannot be loaded: %s".formatted(firstLine(Driver.FAILURE)), Driver.FAILURE);
    }
  }

  /** Where libraries of this process are unpacked. */
  static PrivateFolder folder() {
    return Folder.PRIVATE;
  }

  private static String firstLine(Throwable e) {
    String message = String.valueOf(e.getMessage());
    return message.lines().filter(line -> line.contains(".so")).findFirst().orElse(message);
  }

  private static final class Folder {
    static final PrivateFolder PRIVATE = PrivateFolder.create();
  }

  private static final class Driver {
    static final LinkageError FAILURE = load();

    private static LinkageError load() {
      try {
        Folder.PRIVATE.unpackingHere(() -> JCudaDriver.setExceptionsEnabled(false));
        return null;
      } catch (LinkageError e) {
        return e;
      }
    }
  }
}
