package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Copies are in the order of the stream, whose work runs only when somebody waits for it. */
class DeviceArrayTest {
  private static final int SIZE = 1000;

  private final Arena arena = Arena.ofAuto();
  private Gpu gpu;
  private DeviceArray array;

  @BeforeAll
  static void emulated() {
    EmulatedDriver.require();
  }

  @BeforeEach
  void open() {
    EmulatedDriver.configure("late-uploads=1");
    gpu = Gpu.open();
    array = gpu.memory().take("numbers", SIZE * Integer.BYTES);
  }

  @AfterEach
  void close() {
    array.close();
    gpu.close();
    EmulatedDriver.configure("");
  }

  @Test
  void downloadsWhatWasLaunchedBefore() {
    array.clear(gpu.stream());
    MemorySegment got = arena.allocate(ValueLayout.JAVA_INT, SIZE).fill((byte) 1);
    array.download(got);
    assertArrayEquals(new int[SIZE], got.toArray(ValueLayout.JAVA_INT));
  }

  @Test
  void uploadsAfterWhatWasLaunchedBefore() {
    array.clear(gpu.stream());
    MemorySegment given = arena.allocate(ValueLayout.JAVA_INT, SIZE).fill((byte) 7);
    array.upload(given);
    given.fill((byte) 1); // the caller's again
    MemorySegment got = arena.allocate(ValueLayout.JAVA_INT, SIZE);
    array.download(got);
    assertEquals(0x07070707, got.get(ValueLayout.JAVA_INT, 0));
    assertEquals(0x07070707, got.getAtIndex(ValueLayout.JAVA_INT, SIZE - 1));
  }

  @Test
  void doesNotCopyBeyondItsEnd() {
    MemorySegment given = arena.allocate(ValueLayout.JAVA_INT, 2);
    long last = (SIZE - 1L) * Integer.BYTES;
    assertThrows(IllegalArgumentException.class, () -> array.upload(given, last));
    assertThrows(IllegalArgumentException.class, () -> array.download(given, last));
  }
}
