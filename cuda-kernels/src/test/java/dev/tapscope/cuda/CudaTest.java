package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

final class CudaTest {
  @Test
  void withoutADriverTheAnswerIsASentence() {
    Cuda.Absent absent =
        assertInstanceOf(Cuda.Absent.class, Cuda.probe("libcuda-that-is-nowhere.so.1"));
    assertEquals(
        "The NVIDIA driver's library libcuda-that-is-nowhere.so.1 cannot be loaded.",
        absent.sentence());
  }

  /** A library that loads and is no driver. */
  @Test
  void anotherLibraryIsNoDriver() {
    Assumptions.assumeTrue(Files.exists(Path.of("/proc/self")), "needs the libm of Linux");
    assertInstanceOf(Cuda.Absent.class, Cuda.probe("libm.so.6"));
  }

  @Test
  void theProbeOfThisMachineIsWhole() {
    switch (Cuda.probe()) {
      case Cuda.Found found -> {
        assertFalse(found.name().isBlank());
        assertTrue(found.devices() > 0);
        assertTrue(found.driver().matches("[0-9]+\\.[0-9]+"), found.driver());
      }
      case Cuda.Absent absent -> assertTrue(absent.sentence().endsWith("."), absent.sentence());
    }
  }
}
