package dev.tapscope.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Adam;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.Sparsity;
import dev.tapscope.step.ThresholdForm;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The choice, by a driver that is as it is told to be. */
final class DeviceTest {
  private final List<String> said = new ArrayList<>();

  @BeforeEach
  void takeUpTheDriver() {
    EmulatedDriver.require();
  }

  @AfterEach
  void forgetSettings() {
    EmulatedDriver.configure("");
  }

  private Device open(DeviceOption option) {
    return Device.open(option, said::add);
  }

  /** Other tests of this JVM may have taken some of the memory. */
  private static void leave(long bytes) {
    EmulatedDriver.configure("memory=" + (EmulatedDriver.count("bytes") + bytes));
  }

  private static SaeWeights weights(int features) {
    SaeWeights.Draft draft = new SaeWeights.Draft(8, features, 8);
    draft.encoderRow(0, filled(features));
    return draft.finish();
  }

  private static float[] filled(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = i + 1;
    }
    return values;
  }

  @Test
  void autoTakesTheGpuAndSaysNothing() {
    try (Device device = open(DeviceOption.AUTO)) {
      assertEquals("cuda", device.name());
      assertTrue(device.model().matches("cuda: .+"), device.model());
      SaeKernels kernels = device.kernels(weights(20));
      assertEquals("cuda", kernels.name());
      assertEquals(20, kernels.encode(weights(20), filled(8), 1).count(0));
    }
    assertEquals(List.of(), said);
  }

  @Test
  void theCpuIsTheCpu() {
    try (Device device = open(DeviceOption.CPU)) {
      assertEquals("cpu", device.name());
      assertEquals("cpu", device.model());
      assertNotEquals("cuda", device.kernels(weights(20)).name());
      assertEquals(device, device.holding(Long.MAX_VALUE));
    }
  }

  @Test
  void itCanBeOpenedAgain() {
    long before = EmulatedDriver.count("live-allocations");
    for (int i = 0; i < 3; i++) {
      try (Device one = open(DeviceOption.CUDA);
          Device other = open(DeviceOption.CUDA)) {
        assertEquals("cuda", one.kernels(weights(5)).name());
        assertEquals("cuda", other.kernels(weights(5)).name());
      }
    }
    assertEquals(before, EmulatedDriver.count("live-allocations"), "left behind on the card");
  }

  @ParameterizedTest
  @CsvSource({
    "driver=11080, NVIDIA driver 525 or later",
    "capability=7.5, has compute capability 7.5",
    "devices=0, sees no GPU"
  })
  void aDriverThatCannotBeUsedIsSaidOnceAndRefusedWhereItIsAskedFor(String setting, String words) {
    EmulatedDriver.configure(setting);
    try (Device device = open(DeviceOption.AUTO)) {
      assertEquals("cpu", device.name());
      device.kernels(weights(20));
    }
    assertEquals(1, said.size(), said::toString);
    assertTrue(said.getFirst().contains(words), said::toString);
    assertTrue(said.getFirst().endsWith(". SAEs run on the CPU."), said::toString);
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> open(DeviceOption.CUDA).close());
    assertEquals("device-cuda", e.id());
    assertEquals(TapscopeException.FAILED, e.exit());
    assertTrue(e.getMessage().contains(words), e.getMessage());
    assertTrue(e.getMessage().endsWith("Use device=cpu or device=auto."), e.getMessage());
  }

  @Test
  void weightsThatDoNotFitAreRunByTheCpuAndThatIsSaidOnce() {
    try (Device device = open(DeviceOption.AUTO)) {
      leave(200 << 10);
      assertEquals("cuda", device.kernels(weights(20)).name());
      assertNotEquals("cuda", device.kernels(weights(20_000)).name());
      assertNotEquals("cuda", device.kernels(weights(30_000)).name());
      assertEquals("cuda", device.kernels(weights(21)).name());
    }
    assertEquals(1, said.size(), said::toString);
    assertTrue(said.getFirst().contains("too little free memory"), said::toString);
    assertTrue(said.getFirst().endsWith("The CPU is used in its place."), said::toString);
  }

  @Test
  void weightsThatDoNotFitAreRefusedWhereTheGpuIsAskedFor() {
    try (Device device = open(DeviceOption.CUDA)) {
      leave(200 << 10);
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> device.kernels(weights(20_000)));
      assertEquals("device-memory", e.id());
      assertTrue(e.getMessage().contains("device=cpu"), e.getMessage());
      assertEquals("cuda", device.kernels(weights(20)).name(), "nothing was left behind");
    }
  }

  @Test
  void aKernelThatFailsIsSeenBeforeARun() {
    try (Device device = open(DeviceOption.AUTO)) {
      EmulatedDriver.configure("fail-launch=1");
      assertNotEquals("cuda", device.kernels(weights(20)).name());
    }
    assertEquals(1, said.size(), said::toString);
    EmulatedDriver.configure("");
    try (Device device = open(DeviceOption.CUDA)) {
      EmulatedDriver.configure("fail-launch=1");
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> device.kernels(weights(20)));
      assertEquals("device-failed", e.id());
      EmulatedDriver.configure("");
    }
  }

  @Test
  void aTrainingThatDoesNotFitIsKnownBefore() {
    leave(10 << 20);
    try (Device device = open(DeviceOption.AUTO)) {
      assertEquals(device, device.holding(9 << 20));
      assertEquals("cpu", device.holding(11 << 20).name());
      SaeWeights others = weights(20_000);
      assertEquals("cuda", device.kernels(others).name());
      assertEquals("cpu", device.holding(9 << 20).name(), "what others have taken is not free");
      device.kernels(others).release(others);
      assertEquals(device, device.holding(9 << 20));
      device.holding(12 << 20);
    }
    assertEquals(1, said.size(), said::toString);
    try (Device device = open(DeviceOption.CUDA)) {
      TapscopeException e = assertThrows(TapscopeException.class, () -> device.holding(11 << 20));
      assertEquals("device-memory", e.id());
      assertTrue(e.getMessage().contains("11 MiB of the GPU's memory"), e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "fail-alloc=3, device-memory, too little free memory",
    "'memory=1k', device-memory, too little free memory"
  })
  void anSaeThatCannotBeMadeIsASentence(String failure, String id, String words) {
    long before = EmulatedDriver.count("live-allocations");
    try (Device device = open(DeviceOption.CUDA)) {
      EmulatedDriver.configure(failure);
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> device.train(SIZES, method(), 20, 1));
      assertEquals(id, e.id());
      assertTrue(e.getMessage().contains(words), e.getMessage());
      EmulatedDriver.configure("");
      device.train(SIZES, method(), 20, 1).close();
    }
    assertEquals(before, EmulatedDriver.count("live-allocations"), "left behind on the card");
  }

  private static final Dimensions SIZES = new Dimensions(8, 20, 8);

  private static Method method() {
    return new Method(
        new Sparsity.L0(),
        0.1,
        true,
        false,
        ThresholdForm.LOG,
        true,
        Adam.GEMMA_SCOPE,
        OptionalDouble.empty());
  }

  @ParameterizedTest
  @CsvSource({"gpu, none of auto", "cud, did you mean \"cuda\"?"})
  void otherWordsAreNotUnderstood(String word, String words) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> DeviceOption.of(word));
    assertEquals("device-unknown", e.id());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }
}
