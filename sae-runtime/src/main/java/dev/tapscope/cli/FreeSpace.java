package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much may still be written to the disk of a folder. */
@FunctionalInterface
interface FreeSpace {
  long bytes(Path folder);

  /** As the system says. */
  static long ofDisk(Path folder) {
    try {
      return Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      throw TapscopeException.failed(
          "disk-unknown",
          "The free space of the disk of %s cannot be told: %s. Give a folder on another disk."
              .formatted(folder, e),
          e);
    }
  }
}
