package dev.tapscope.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/**
 * What this JVM may take.
 *
 * @param heap bytes in its heap
 * @param direct bytes outside it
 */
record JavaMemory(long heap, long direct) {
  static JavaMemory ofProcess() {
    long heap = Runtime.getRuntime().maxMemory();
    long stated =
        Long.parseLong(
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("MaxDirectMemorySize")
                .getValue());
    return new JavaMemory(heap, stated == 0 ? heap : stated); // 0: as much as the heap
  }
}
