package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CudaTest {
  @Test
  void withoutADriverTheAnswerIsASentence() {
    Cuda.Absent absent =
        assertInstanceOf(Cuda.Absent.class, Cuda.probe("libcuda-that-is-nowhere.so.1"));
    assertEquals(
        "The NVIDIA driver's library libcuda-that-is-nowhere.so.1 cannot be loaded.",
        absent.sentence());
    assertFalse(absent.driver());
  }

  @Test
  void aGpuIsDescribed() {
    EmulatedDriver.require();
    EmulatedDriver.configure("driver=12040,capability=8.6,memory=2g,devices=3");
    Cuda.Found found = assertInstanceOf(Cuda.Found.class, Cuda.probe());
    assertEquals(3, found.devices());
    assertEquals("12.4", found.driver());
    assertEquals("8.6", found.capability());
    assertEquals(2L << 30, found.memory());
    assertTrue(
        found.toString().endsWith(", compute capability 8.6, 2.0 GiB, driver for CUDA 12.4"),
        found::toString);
    EmulatedDriver.configure("");
  }

  @ParameterizedTest
  @CsvSource({
    "devices=0, sees no GPU",
    "driver=11080, supports CUDA 11.8 and the kernels need 12.0; install NVIDIA driver 525 or"
        + " later.",
    "capability=7.5, has compute capability 7.5"
  })
  void aDriverThatCannotBeUsedSaysWhy(String setting, String words) {
    EmulatedDriver.require();
    EmulatedDriver.configure(setting);
    Cuda.Absent absent = assertInstanceOf(Cuda.Absent.class, Cuda.probe());
    assertTrue(absent.sentence().contains(words), absent.sentence());
    assertTrue(absent.driver());
    EmulatedDriver.configure("");
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
        assertTrue(found.capability().matches("[0-9]+\\.[0-9]"), found.capability());
        assertTrue(found.memory() > 1 << 20);
      }
      case Cuda.Absent absent -> assertTrue(absent.sentence().endsWith("."), absent.sentence());
    }
  }
}
