package gemma2.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What this process has used of memory and processors. */
final class ProcessUsage {

  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessUsage() {}

  /** Bytes of Java objects made by all threads so far; empty where the JVM does not count them. */
  static OptionalLong allocated() {
    if (ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads) {
      long bytes = threads.getTotalThreadAllocatedBytes();
      return bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes);
    }
    return OptionalLong.empty();
  }

  /** Nanoseconds that processors have worked for all threads so far; zero where it is unknown. */
  static long processorNanos() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? Math.max(0, system.getProcessCpuTime())
        : 0;
  }

  /** The most bytes that were resident at once, those of mapped files included; Linux only. */
  static OptionalLong peakResident() {
    if (!Files.isReadable(STATUS)) {
      return OptionalLong.empty();
    }
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
