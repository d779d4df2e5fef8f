package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The most memory this process has had at once, as the system has counted it: pages of its own and
 * of files it has mapped.
 *
 * @param bytes resident
 */
record PeakMemory(long bytes) {
  private static final Path STATUS = Path.of("/proc/self/status");

  /** So far; empty where the system does not tell, as outside Linux. */
  static Optional<PeakMemory> ofProcess() {
    if (!Files.isReadable(STATUS)) {
      return Optional.empty();
    }
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> new PeakMemory(Long.parseLong(line.replaceAll("\\D", "")) << 10)) // in kB
          .findFirst();
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unreadable",
          "%s cannot be read: %s. It is the system's, and needs no write access."
              .formatted(STATUS, e),
          e);
    }
  }

  /** One line that shows how right a statement was. */
  String beside(long stated) {
    return "memory: stated %,d MiB, peak %,d MiB".formatted(stated >> 20, bytes >> 20);
  }
}
