package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.Sizeof;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The emulated driver itself, with kernels of its own ({@code src/test/emulation/probe.cu}): right
 * ones give what they should, and of each kind of mistake it says what it is.
 */
final class EmulatedDriverTest {
  private static final Path PTX = Path.of("src/test/emulation/probe.ptx");
  private static final int GLOBAL = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL;

  private final CUdevice device = new CUdevice();
  private final CUmodule module = new CUmodule();

  @BeforeAll
  static void load() {
    EmulatedDriver.require();
  }

  @BeforeEach
  void open() throws IOException {
    EmulatedDriver.configure("");
    JCudaDriver.setExceptionsEnabled(false);
    check(JCudaDriver.cuInit(0));
    check(JCudaDriver.cuDeviceGet(device, 0));
    CUcontext context = new CUcontext();
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device));
    check(JCudaDriver.cuCtxSetCurrent(context));
    check(load(module, Files.readString(PTX)));
  }

  @AfterEach
  void close() {
    EmulatedDriver.configure("");
    check(JCudaDriver.cuDevicePrimaryCtxReset(device));
    assertEquals(0, EmulatedDriver.count("live-allocations"));
  }

  // ---- Kernels that are right ----

  @ParameterizedTest
  @ValueSource(strings = {"forward", "reverse", "1", "2", "3"})
  void sharedMemoryAndBarriers(String order) {
    EmulatedDriver.configure("order=" + order);
    CUdeviceptr from = device(floats(100));
    CUdeviceptr to = device(new float[100]);
    check(launch("probe_reverse", 1, 128, 400, null, from, to, 100));
    float[] result = floats(to, 100);
    for (int i = 0; i < 100; i++) {
      assertEquals(99 - i, result[i]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward", "reverse", "1", "2", "3"})
  void shuffles(String order) {
    EmulatedDriver.configure("order=" + order);
    int[] values = new Random(1).ints(3 * 64, -1000, 1000).toArray();
    CUdeviceptr from = device(values);
    CUdeviceptr to = device(new int[values.length]);
    check(launch("probe_warp_scan", 3, 64, 0, null, from, to));
    int[] result = ints(to, values.length);
    int sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum = i % 32 == 0 ? values[i] : sum + values[i];
      assertEquals(sum, result[i]);
    }
  }

  /** Small whole numbers, so that every sum is exact. */
  @ParameterizedTest
  @ValueSource(strings = {"forward", "reverse", "1"})
  void matricesOfHalves(String order) {
    EmulatedDriver.configure("order=" + order);
    Random random = new Random(2);
    int[] left = random.ints(16 * 16, -8, 9).toArray();
    int[] right = random.ints(16 * 8, -8, 9).toArray();
    CUdeviceptr a = device(halves(left));
    CUdeviceptr b = device(halves(right));
    CUdeviceptr c = device(new float[16 * 8]);
    check(launch("probe_mma", 1, 32, 0, null, a, b, c));
    float[] result = floats(c, 16 * 8);
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 8; column++) {
        int sum = 0;
        for (int k = 0; k < 16; k++) {
          sum += left[16 * row + k] * right[16 * column + k];
        }
        assertEquals(sum, result[8 * row + column], row + ", " + column);
      }
    }
  }

  @Test
  void transposedMatrices() {
    short[] values = halves(IntStream.range(0, 128).toArray());
    CUdeviceptr from = device(values);
    CUdeviceptr to = device(new short[128]);
    check(launch("probe_transpose", 1, 32, 0, null, from, to));
    short[] result = shorts(to, 128);
    for (int i = 0; i < 128; i++) {
      assertEquals(values[i / 64 * 64 + i % 8 * 8 + i % 64 / 8], result[i]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward", "reverse", "1"})
  void asynchronousCopiesArriveAtTheirWait(String order) {
    EmulatedDriver.configure("order=" + order);
    assertArrayEquals(floatsAndZeros(512, 400), copiedAsynchronously(0));
  }

  @Test
  void asynchronousCopiesHaveNotArrivedBeforeTheirWait() {
    float[] result = copiedAsynchronously(1);
    assertTrue(Float.isNaN(result[0]), "poison stands where the copy is still on its way");
  }

  private float[] copiedAsynchronously(int missingWait) {
    CUdeviceptr from = device(floats(400));
    CUdeviceptr to = device(new float[512]);
    check(launch("probe_copy_async", 1, 32, 1024, null, from, to, 512, 400, missingWait));
    return floats(to, 512);
  }

  private static float[] floatsAndZeros(int count, int valid) {
    float[] values = new float[count];
    System.arraycopy(floats(valid), 0, values, 0, valid);
    return values;
  }

  /** Every half, the ties between them, what rounds to infinity, and any floats. */
  @Test
  void halvesRoundAsJavasDo() {
    Random random = new Random(3);
    int halves = 1 << 16;
    float[] values = new float[4 * halves];
    for (int i = 0; i < halves; i++) {
      float half = Float.float16ToFloat((short) i);
      float next = Float.float16ToFloat((short) (i + 1));
      values[4 * i] = half;
      values[4 * i + 1] = (half + next) / 2;
      values[4 * i + 2] = Math.nextUp((half + next) / 2);
      values[4 * i + 3] = Float.intBitsToFloat(random.nextInt());
    }
    CUdeviceptr from = device(values);
    CUdeviceptr to = device(new float[values.length]);
    CUdeviceptr bits = device(new short[values.length]);
    check(launch("probe_half", values.length / 256, 256, 0, null, from, to, bits, values.length));
    float[] back = floats(to, values.length);
    short[] result = shorts(bits, values.length);
    for (int i = 0; i < values.length; i++) {
      short expected = Float.isNaN(values[i]) ? 0x7fff : Float.floatToFloat16(values[i]);
      assertEquals(expected, result[i], "" + values[i]);
      assertEquals(
          Float.floatToIntBits(Float.float16ToFloat(expected)), Float.floatToIntBits(back[i]));
    }
  }

  @ParameterizedTest
  @CsvSource({"-1,64,1,1,-1", "10,53,1,0,-2048", "63,0,0,0,0"})
  void votes(int limit, int count, int any, int all, int lanes) {
    CUdeviceptr values = device(IntStream.range(0, 64).toArray());
    CUdeviceptr results = device(new int[4]);
    check(launch("probe_votes", 1, 64, 0, null, values, limit, results));
    assertArrayEquals(new int[] {count, any, all, lanes}, ints(results, 4));
  }

  @Test
  void structsAsArguments() {
    CUdeviceptr values = device(floats(4));
    ByteBuffer scale = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
    scale.putFloat(0, 2).putDouble(8, 0.5);
    check(launch("probe_struct", 1, 4, 0, null, scale, values));
    assertArrayEquals(new float[] {0.5f, 2.5f, 4.5f, 6.5f}, floats(values, 4));
  }

  @Test
  void noArguments() {
    check(launch("probe_nothing", 1, 1, 0, null));
    check(JCudaDriver.cuCtxSynchronize());
  }

  // ---- Orders and poison ----

  @Test
  void threadsAndBlocksRunInTheOrderThatIsSet() {
    int[] forward = order("forward");
    assertArrayEquals(IntStream.range(0, 128).toArray(), forward);
    assertArrayEquals(IntStream.range(0, 128).map(i -> 127 - i).toArray(), order("reverse"));
    assertFalse(Arrays.equals(forward, order("7")));
    assertArrayEquals(order("7"), order("7"));
    assertFalse(Arrays.equals(order("8"), order("7")));
    assertArrayEquals(forward, Arrays.stream(order("8")).sorted().toArray());
  }

  private int[] order(String order) {
    EmulatedDriver.configure("order=" + order);
    CUdeviceptr cursor = device(new int[1]);
    CUdeviceptr places = device(new int[128]);
    check(launch("probe_order", 4, 32, 0, null, cursor, places));
    return ints(places, 128);
  }

  @Test
  void sharedMemoryHoldsPoisonBeforeEachBlock() {
    CUdeviceptr to = device(new int[3]);
    check(launch("probe_static_shared", 3, 32, 4, null, to, 1234));
    assertArrayEquals(new int[] {-1, -1, 1234}, ints(to, 3));
  }

  @Test
  void newMemoryHoldsPoison() {
    CUdeviceptr memory = allocate(10);
    byte[] bytes = new byte[10];
    check(JCudaDriver.cuMemcpyDtoH(Pointer.to(bytes), memory, 10));
    for (byte value : bytes) {
      assertEquals(-1, value);
    }
  }

  // ---- Kernels that are wrong ----

  @Test
  void aMissingBarrierIsWrongInSomeOrder() {
    boolean wrong = false;
    for (String order : new String[] {"forward", "reverse", "1"}) {
      EmulatedDriver.configure("order=" + order);
      CUdeviceptr from = device(floats(64));
      CUdeviceptr to = device(new float[64]);
      check(launch("probe_missing_barrier", 1, 64, 256, null, from, to, 64));
      wrong |= Float.isNaN(floats(to, 64)[0]) || Float.isNaN(floats(to, 64)[63]);
    }
    assertTrue(wrong);
  }

  @Test
  void divergentBarriers() {
    CUdeviceptr to = device(new int[64]);
    fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, "probe_divergent_barrier", 64, 0, to);
    assertReport("the barrier is divergent", "probe.cu", "block (0, 0, 0)");
  }

  @Test
  void deadlocks() {
    CUdeviceptr to = device(new int[64]);
    fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, "probe_deadlock", 64, 0, to);
    assertReport(
        "probe_deadlock",
        "block (0, 0, 0) is deadlocked",
        "33 threads wait in __syncthreads (probe.cu:",
        "31 threads wait in __ballot_sync of the mask ffffffff (probe.cu:");
  }

  @Test
  void masksThatNameOtherLanes() {
    CUdeviceptr to = device(new int[64]);
    fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, "probe_wrong_mask", 32, 0, to);
    assertReport(") calls __shfl_sync at probe.cu:", "with the mask 00000001");
  }

  /** A block of 40 threads has a second warp of 8 lanes. */
  @Test
  void masksThatNameLanesThatAreNotThere() {
    CUdeviceptr values = device(new int[64]);
    fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, "probe_votes", 40, 0, values, 1, values);
    assertReport("its warp has the lanes 000000ff");
  }

  /** 1024 bytes end at a guard page; 1000 bytes have a margin behind them that is looked at. */
  @ParameterizedTest
  @CsvSource({
    "1024, 256, 0 bytes behind the end of allocation",
    "1024, 1000, bytes behind the end of allocation",
    "1000, 250, writes 0 bytes behind the end of allocation",
    "1024, -1, writes 4 bytes before allocation",
    "1024, -2000, bytes before allocation",
    "1024, 9999999999, bytes behind the end of allocation",
  })
  void writesOutsideOfMemory(int bytes, long index, String report) {
    CUdeviceptr to = allocate(bytes);
    fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_write", 32, 0, to, index);
    assertReport("probe_write", report);
    assertTheJvmsOwnFaultsStillWork();
  }

  @Test
  void nullPointers() {
    fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_write", 32, 0, new CUdeviceptr(), 0L);
    assertReport("the null address");
  }

  /** Here a kernel could write there; on a GPU it could not. */
  @Test
  void pointersToMemoryOfTheHost() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
    long address = MemorySegment.ofBuffer(buffer).address();
    fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_write", 32, 0, address, 0L);
    assertReport("argument 0", "points to no memory of the device");
  }

  @Test
  void memoryThatWasFreed() {
    CUdeviceptr kept = device(new int[1024]);
    CUdeviceptr freed = device(new int[1024]);
    check(JCudaDriver.cuMemFree(freed));
    fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_write", 32, 0, freed, 0L);
    assertReport("points to no memory of the device");
    EmulatedDriver.configure("");
    long far = (address(freed) - address(kept)) / Integer.BYTES;
    fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_write", 32, 0, kept, far);
  }

  @Test
  void sharedMemoryIsGuarded() {
    CUdeviceptr to = device(new int[1]);
    fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_shared_overrun", 1, 64, to, 16);
    assertReport("touches dynamic shared memory 0 bytes behind the 64 bytes of the launch");
  }

  @Test
  void divisionByZero() {
    CUdeviceptr to = device(new int[1]);
    fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, "probe_divide", 1, 0, to, 0);
    assertReport("divides an integer by zero");
    assertTheJvmsOwnFaultsStillWork();
  }

  @Test
  void stacksAreGuarded() {
    CUdeviceptr to = device(new int[1]);
    fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, "probe_stack", 1, 0, to, 100_000);
    assertReport("stack");
  }

  /** As on a device, everything fails from then on. */
  @Test
  void theErrorOfAKernelStays() {
    CUdeviceptr to = device(new int[256]);
    fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_write", 32, 0, to, 256L);
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, JCudaDriver.cuMemAlloc(new CUdeviceptr(), 1));
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, JCudaDriver.cuMemFree(to));
    assertEquals(0, EmulatedDriver.count("live-allocations"), "freed all the same");
  }

  /** While kernels run and fail, other threads collect garbage and meet null pointers. */
  @Test
  void faultsOfOtherThreadsStayTheJvms() throws InterruptedException {
    AtomicBoolean ended = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread other =
        new Thread(() -> {
          while (!ended.get()) {
            assertTheJvmsOwnFaultsStillWork();
            System.gc();
          }
        });
    other.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
    other.start();
    CUdeviceptr to = device(new int[1 << 16]);
    for (int i = 0; i < 30; i++) {
      check(launch("probe_increment", 256, 256, 0, null, to, 1 << 16));
      check(JCudaDriver.cuCtxSynchronize());
      fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "probe_write", 32, 0, to, 1L << 16);
      EmulatedDriver.configure("");
    }
    ended.set(true);
    other.join();
    assertNull(failure.get());
  }

  /** The JVM finds null pointers of Java by faults, too. */
  private static void assertTheJvmsOwnFaultsStillWork() {
    int[] nothing = EmulatedDriver.count("bytes") < 0 ? new int[1] : null;
    int thrown = 0;
    for (int i = 0; i < 20_000; i++) {
      try {
        nothing[0]++;
      } catch (NullPointerException e) {
        thrown++;
      }
    }
    assertEquals(20_000, thrown);
  }

  // ---- Launches that no device takes ----

  @Test
  void sizesOfLaunches() {
    CUdeviceptr to = device(new int[32]);
    int invalid = CUresult.CUDA_ERROR_INVALID_VALUE;
    assertEquals(invalid, launch("probe_increment", 1, 1025, 0, null, to, 32));
    assertReport("1025 x 1 x 1 threads");
    assertEquals(invalid, launch("probe_increment", 1, 0, 0, null, to, 32));
    assertEquals(invalid, launch("probe_increment", 0, 32, 0, null, to, 32));
    assertReport("0 x 1 x 1 blocks");
    assertEquals(invalid, launch("probe_warp_scan", 1, 512, 0, null, to, to));
    assertReport("its __launch_bounds__ are 256");
  }

  @Test
  void sharedMemoryAbove48KibMustBeAskedFor() {
    CUdeviceptr to = device(new int[3]);
    int invalid = CUresult.CUDA_ERROR_INVALID_VALUE;
    int shared = 40 << 10; // and 16 KiB of static
    int raised = CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    CUfunction function = function("probe_static_shared");
    assertEquals(invalid, launch(function, 1, 32, shared, null, to, 0));
    assertReport("40960 bytes of dynamic and 16384 of static shared memory");
    check(JCudaDriver.cuFuncSetAttribute(function, raised, shared));
    check(launch(function, 1, 32, shared, null, to, 0));
    assertEquals(invalid, JCudaDriver.cuFuncSetAttribute(function, raised, 227 << 10));
    check(JCudaDriver.cuFuncSetAttribute(function, raised, 211 << 10));
    check(launch(function, 1, 32, 211 << 10, null, to, 0));
    EmulatedDriver.configure("capability=8.9");
    assertEquals(invalid, JCudaDriver.cuFuncSetAttribute(function, raised, 100 << 10));
  }

  @Test
  void argumentsThatAreMissing() {
    CUfunction function = function("probe_increment");
    assertEquals(
        CUresult.CUDA_ERROR_INVALID_VALUE,
        JCudaDriver.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, null, null, null));
    assertReport("probe_increment is launched without its 2 arguments");
  }

  // ---- Modules ----

  @Test
  void modulesMustBePtxThatTheDeviceTakes() throws IOException {
    String text = Files.readString(PTX);
    assertEquals(CUresult.CUDA_ERROR_INVALID_IMAGE, load(new CUmodule(), "\177ELF"));
    assertEquals(CUresult.CUDA_ERROR_INVALID_IMAGE, load(new CUmodule(), "// only a comment"));
    String newer = text.replace(".version 8.0", ".version 9.0");
    int tooNew = CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
    assertEquals(tooNew, load(new CUmodule(), newer));
    EmulatedDriver.configure("driver=13000");
    check(load(new CUmodule(), newer));
    EmulatedDriver.configure("driver=11080");
    assertEquals(tooNew, load(new CUmodule(), text));
    EmulatedDriver.configure("capability=7.5");
    assertEquals(CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU, load(new CUmodule(), text));
    EmulatedDriver.configure("capability=12.0");
    check(load(new CUmodule(), text));
    assertEquals(
        CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU,
        load(new CUmodule(), text.replace("sm_80", "sm_90a")));
  }

  @Test
  void kernelsMustBeInThePtxAsTheyAreInTheSource() throws IOException {
    CUfunction function = new CUfunction();
    assertEquals(
        CUresult.CUDA_ERROR_NOT_FOUND,
        JCudaDriver.cuModuleGetFunction(function, module, "probe_nowhere"));
    String text = Files.readString(PTX);
    CUmodule other = new CUmodule();
    check(load(other, text.replace("probe_increment", "probe_renamed")));
    assertEquals(
        CUresult.CUDA_ERROR_NOT_FOUND,
        JCudaDriver.cuModuleGetFunction(function, other, "probe_renamed"));
    assertEquals(
        CUresult.CUDA_ERROR_NOT_FOUND,
        JCudaDriver.cuModuleGetFunction(function, other, "probe_increment"));
    check(load(other, text.replace(".param .u32 probe_order_param_1", ".param .u64 p")));
    check(JCudaDriver.cuModuleGetFunction(function, other, "probe_order"));
    String stale = text.replace(".param .u64 probe_order_param_1", ".param .u32 p");
    check(load(other, stale));
    assertEquals(
        CUresult.CUDA_ERROR_INVALID_IMAGE,
        JCudaDriver.cuModuleGetFunction(function, other, "probe_order"));
    assertReport("Parameter 1 of probe_order has 4 bytes in its PTX and 8 in its source");
  }

  // ---- Memory ----

  @Test
  void copiesAreCheckedAgainstAllocations() {
    int invalid = CUresult.CUDA_ERROR_INVALID_VALUE;
    CUdeviceptr memory = allocate(256);
    CUdeviceptr other = allocate(512);
    byte[] host = new byte[512];
    assertEquals(invalid, JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(host), 257));
    assertReport("257 bytes from byte 0 on are more than the allocation's 256");
    assertEquals(invalid, JCudaDriver.cuMemcpyDtoH(Pointer.to(host), at(memory, 1), 256));
    assertEquals(invalid, JCudaDriver.cuMemcpyDtoD(other, memory, 257));
    assertEquals(invalid, JCudaDriver.cuMemcpyDtoD(memory, other, 257));
    assertEquals(invalid, JCudaDriver.cuMemsetD8(memory, (byte) 0, 257));
    assertEquals(invalid, JCudaDriver.cuMemsetD32(memory, 0, 65));
    assertEquals(invalid, JCudaDriver.cuMemsetD32(at(memory, 2), 0, 1));
    assertEquals(invalid, JCudaDriver.cuMemcpyHtoD(at(memory, -1), Pointer.to(host), 1));
    check(JCudaDriver.cuMemcpyHtoD(at(memory, 255), Pointer.to(host), 1));
    check(JCudaDriver.cuMemsetD32(memory, 0, 64));
  }

  @Test
  void memoryEnds() {
    EmulatedDriver.configure("memory=1m");
    long[] free = {0};
    long[] total = {0};
    CUdeviceptr first = allocate(1 << 19);
    check(JCudaDriver.cuMemGetInfo(free, total));
    assertEquals(1 << 19, free[0]);
    assertEquals(1 << 20, total[0]);
    CUdeviceptr second = new CUdeviceptr();
    assertEquals(CUresult.CUDA_ERROR_OUT_OF_MEMORY, JCudaDriver.cuMemAlloc(second, (1 << 19) + 1));
    assertReport("524289 bytes are more than the 524288 that are left");
    check(JCudaDriver.cuMemAlloc(second, 1 << 19));
    check(JCudaDriver.cuMemFree(first));
    assertEquals(1 << 19, EmulatedDriver.count("bytes"));
    check(JCudaDriver.cuMemFree(second));
  }

  @Test
  void memoryIsFreedOnce() {
    CUdeviceptr memory = allocate(4);
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemFree(at(memory, 1)));
    check(JCudaDriver.cuMemFree(memory));
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemFree(memory));
    Pointer pinned = pinned(4);
    check(JCudaDriver.cuMemFreeHost(pinned));
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemFreeHost(pinned));
  }

  @Test
  void theContextSaysWhatNobodyFreed() {
    allocate(100);
    pinned(100);
    check(JCudaDriver.cuDevicePrimaryCtxRelease(device));
    assertReport("2 allocations that were not freed, 100 bytes of the device");
  }

  // ---- Failures to order ----

  @Test
  void failuresToOrder() {
    EmulatedDriver.configure("fail-alloc=2,fail-launch=3,fail-copy=2");
    CUdeviceptr memory = allocate(4);
    assertEquals(CUresult.CUDA_ERROR_OUT_OF_MEMORY, JCudaDriver.cuMemAlloc(new CUdeviceptr(), 4));
    pinned(4);
    check(JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(new int[1]), 4));
    assertEquals(
        CUresult.CUDA_ERROR_UNKNOWN, JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(new int[1]), 4));
    check(launch("probe_increment", 1, 1, 0, null, memory, 1));
    check(launch("probe_increment", 1, 1, 0, null, memory, 1));
    assertEquals(
        CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
        launch("probe_increment", 1, 1, 0, null, memory, 1));
    check(launch("probe_increment", 1, 1, 0, null, memory, 1));
    assertArrayEquals(new int[] {3}, ints(memory, 1));
  }

  @Test
  void devicesToOrder() {
    EmulatedDriver.configure("devices=0");
    assertEquals(CUresult.CUDA_ERROR_NO_DEVICE, JCudaDriver.cuInit(0));
    EmulatedDriver.configure("devices=2,driver=12040,capability=8.6,multiprocessors=82,memory=1g");
    int[] value = {0};
    check(JCudaDriver.cuDeviceGetCount(value));
    assertEquals(2, value[0]);
    check(JCudaDriver.cuDriverGetVersion(value));
    assertEquals(12040, value[0]);
    int count = CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
    check(JCudaDriver.cuDeviceGetAttribute(value, count, device));
    assertEquals(82, value[0]);
    int major = CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
    check(JCudaDriver.cuDeviceGetAttribute(value, major, device));
    assertEquals(8, value[0]);
    int shared = CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
    check(JCudaDriver.cuDeviceGetAttribute(value, shared, device));
    assertEquals(99 << 10, value[0]);
    long[] bytes = {0};
    check(JCudaDriver.cuDeviceTotalMem(bytes, device));
    assertEquals(1 << 30, bytes[0]);
    byte[] name = new byte[64];
    check(JCudaDriver.cuDeviceGetName(name, name.length, device));
    assertTrue(new String(name, StandardCharsets.US_ASCII).startsWith("Tapscope emulated device"));
  }

  @Test
  void settingsThatAreNone() {
    for (String wrong : new String[] {"order", "order=backward", "memory=4t", "colour=1"}) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> EmulatedDriver.configure(wrong))
              .getMessage()
              .contains("\"" + wrong + "\" is no setting"));
    }
    assertThrows(IllegalArgumentException.class, () -> EmulatedDriver.count("colours"));
  }

  @Test
  void launchesThatDoNothing() {
    CUdeviceptr memory = device(new int[] {5});
    EmulatedDriver.configure("null=1");
    check(launch("probe_increment", 1, 1, 0, null, memory, 1));
    check(JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(new int[] {7}), Integer.BYTES));
    assertArrayEquals(new int[] {5}, ints(memory, 1));
  }

  @Test
  void counts() {
    CUdeviceptr memory = device(new int[1]);
    final long launches = EmulatedDriver.count("launches");
    final long copies = EmulatedDriver.count("copies");
    final long allocations = EmulatedDriver.count("allocations");
    final long runs = EmulatedDriver.count("kernel:probe_increment");
    check(launch("probe_increment", 1, 1, 0, null, memory, 1));
    assertEquals(runs, EmulatedDriver.count("kernel:probe_increment"), "nobody waited");
    assertEquals(1, EmulatedDriver.count("pending"));
    assertArrayEquals(new int[] {1}, ints(memory, 1));
    allocate(4);
    assertEquals(launches + 1, EmulatedDriver.count("launches"));
    assertEquals(copies + 1, EmulatedDriver.count("copies"));
    final long fills = EmulatedDriver.count("fills");
    check(JCudaDriver.cuMemsetD8(memory, (byte) 0, Integer.BYTES));
    assertEquals(fills + 1, EmulatedDriver.count("fills"));
    assertEquals(allocations + 1, EmulatedDriver.count("allocations"));
    assertEquals(runs + 1, EmulatedDriver.count("kernel:probe_increment"));
    assertEquals(2, EmulatedDriver.count("live-allocations"));
    assertEquals(8, EmulatedDriver.count("bytes"));
  }

  // ---- Streams ----

  @Test
  void workRunsWhenSomebodyWaitsForIt() {
    CUdeviceptr memory = device(new int[1]);
    CUstream stream = stream();
    Pointer host = pinned(4);
    check(launch("probe_increment", 1, 1, 0, stream, memory, 1));
    check(JCudaDriver.cuMemcpyDtoHAsync(host, memory, 4, stream));
    assertEquals(-1, first(host), "poison");
    check(JCudaDriver.cuStreamSynchronize(stream));
    assertEquals(1, first(host));
  }

  @Test
  void eagerWorkRunsAtOnce() {
    EmulatedDriver.configure("eager=1");
    CUdeviceptr memory = device(new int[1]);
    CUstream stream = stream();
    Pointer host = pinned(4);
    check(launch("probe_increment", 1, 1, 0, stream, memory, 1));
    check(JCudaDriver.cuMemcpyDtoHAsync(host, memory, 4, stream));
    assertEquals(1, first(host));
  }

  /** A stream made with NON_BLOCKING does not wait for the default stream, nor that for it. */
  @Test
  void aBlockingCopyWaitsForBlockingStreamsOnly() {
    CUdeviceptr memory = device(new int[1]);
    CUstream blocking = new CUstream();
    check(JCudaDriver.cuStreamCreate(blocking, CUstream_flags.CU_STREAM_DEFAULT));
    check(launch("probe_increment", 1, 1, 0, blocking, memory, 1));
    assertArrayEquals(new int[] {1}, ints(memory, 1));
    CUstream other = stream();
    check(launch("probe_increment", 1, 1, 0, other, memory, 1));
    assertArrayEquals(new int[] {1}, ints(memory, 1), "not waited for");
    check(JCudaDriver.cuStreamSynchronize(other));
    assertArrayEquals(new int[] {2}, ints(memory, 1));
  }

  /** A stream that does not wait for the default one may be earlier than the bytes of an upload. */
  @Test
  void lateUploads() {
    EmulatedDriver.configure("late-uploads=1");
    CUdeviceptr memory = device(new int[1]);
    CUdeviceptr copied = allocate(8);
    CUstream stream = stream();
    check(JCudaDriver.cuMemcpyDtoDAsync(copied, memory, 4, stream));
    check(JCudaDriver.cuStreamSynchronize(stream));
    check(JCudaDriver.cuStreamSynchronize(null));
    check(JCudaDriver.cuMemcpyDtoDAsync(at(copied, 4), memory, 4, stream));
    check(JCudaDriver.cuStreamSynchronize(stream));
    assertArrayEquals(new int[] {-1, 0}, ints(copied, 2));
  }

  /** Pinned memory is read when the copy runs, pageable memory before the call returns. */
  @Test
  void hostMemoryThatChangesBeforeItsCopyRuns() {
    CUdeviceptr memory = device(new int[2]);
    CUstream stream = stream();
    Pointer pinned = pinned(4);
    ByteBuffer pageable = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
    pageable.putInt(0, 3);
    set(pinned, 3);
    check(JCudaDriver.cuMemcpyHtoDAsync(memory, pinned, 4, stream));
    check(JCudaDriver.cuMemcpyHtoDAsync(at(memory, 4), Pointer.to(pageable), 4, stream));
    pageable.putInt(0, 4);
    set(pinned, 4);
    check(JCudaDriver.cuStreamSynchronize(stream));
    assertArrayEquals(new int[] {4, 3}, ints(memory, 2));
  }

  @Test
  void aQueryGetsOn() {
    CUdeviceptr memory = device(new int[1]);
    CUstream stream = stream();
    check(launch("probe_increment", 1, 1, 0, stream, memory, 1));
    assertEquals(CUresult.CUDA_ERROR_NOT_READY, JCudaDriver.cuStreamQuery(stream));
    check(JCudaDriver.cuStreamQuery(stream));
    assertArrayEquals(new int[] {1}, ints(memory, 1));
  }

  @Test
  void eventsOrderStreams() {
    CUdeviceptr memory = device(new int[2]);
    CUdeviceptr copied = device(new int[2]);
    CUstream first = stream();
    CUstream second = stream();
    CUevent event = event();
    check(launch("probe_increment", 1, 2, 0, first, memory, 2));
    check(JCudaDriver.cuMemcpyDtoDAsync(copied, memory, 4, second));
    check(JCudaDriver.cuEventRecord(event, first));
    check(JCudaDriver.cuStreamWaitEvent(second, event, 0));
    check(JCudaDriver.cuMemcpyDtoDAsync(at(copied, 4), at(memory, 4), 4, second));
    check(JCudaDriver.cuStreamSynchronize(second));
    assertArrayEquals(new int[] {0, 1}, ints(copied, 2), "the first copy waited for nothing");
  }

  @Test
  void eventsMeasure() {
    CUdeviceptr memory = device(new int[1]);
    CUstream stream = stream();
    CUevent begin = event();
    CUevent end = event();
    check(JCudaDriver.cuEventRecord(begin, stream));
    check(launch("probe_increment", 1, 1, 0, stream, memory, 1));
    check(JCudaDriver.cuEventRecord(end, stream));
    float[] time = {-1};
    int notReady = CUresult.CUDA_ERROR_NOT_READY;
    assertEquals(notReady, JCudaDriver.cuEventElapsedTime(time, begin, end));
    assertEquals(notReady, JCudaDriver.cuEventQuery(end));
    check(JCudaDriver.cuEventQuery(end));
    check(JCudaDriver.cuEventSynchronize(end));
    check(JCudaDriver.cuEventElapsedTime(time, begin, end));
    assertTrue(time[0] >= 0);
    check(JCudaDriver.cuEventDestroy(begin));
    assertNotEquals(CUresult.CUDA_SUCCESS, JCudaDriver.cuEventRecord(begin, stream));
  }

  @Test
  void aStreamThatIsDestroyedDoesItsWork() {
    CUdeviceptr memory = device(new int[1]);
    CUstream stream = stream();
    check(launch("probe_increment", 1, 1, 0, stream, memory, 1));
    check(JCudaDriver.cuStreamDestroy(stream));
    check(JCudaDriver.cuCtxSynchronize());
    assertArrayEquals(new int[] {1}, ints(memory, 1));
    assertEquals(CUresult.CUDA_ERROR_INVALID_HANDLE, JCudaDriver.cuStreamSynchronize(stream));
  }

  // ---- Graphs ----

  @Test
  void graphsReplay() {
    CUdeviceptr memory = device(new int[2]);
    CUstream stream = stream();
    check(JCudaDriver.cuStreamBeginCapture(stream, GLOBAL));
    check(launch("probe_increment", 1, 2, 0, stream, memory, 1));
    check(launch("probe_increment", 1, 2, 0, stream, memory, 2));
    CUgraph graph = new CUgraph();
    check(JCudaDriver.cuStreamEndCapture(stream, graph));
    CUgraphExec executable = new CUgraphExec();
    check(JCudaDriver.cuGraphInstantiate(executable, graph, 0L));
    check(JCudaDriver.cuGraphDestroy(graph));
    assertArrayEquals(new int[] {0, 0}, ints(memory, 2), "capturing runs nothing");
    final long launches = EmulatedDriver.count("graph-launches");
    final long runs = EmulatedDriver.count("kernel:probe_increment");
    check(JCudaDriver.cuGraphLaunch(executable, stream));
    check(JCudaDriver.cuGraphLaunch(executable, stream));
    check(JCudaDriver.cuStreamSynchronize(stream));
    assertArrayEquals(new int[] {4, 2}, ints(memory, 2));
    assertEquals(launches + 2, EmulatedDriver.count("graph-launches"));
    assertEquals(runs + 4, EmulatedDriver.count("kernel:probe_increment"));
    EmulatedDriver.configure("fail-launch=1");
    assertEquals(
        CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, JCudaDriver.cuGraphLaunch(executable, stream));
    check(JCudaDriver.cuGraphExecDestroy(executable));
  }

  @Test
  void capturesForkAndJoin() {
    CUdeviceptr memory = device(new int[1]);
    CUstream stream = stream();
    CUstream side = stream();
    CUevent fork = event();
    CUevent join = event();
    check(JCudaDriver.cuStreamBeginCapture(stream, GLOBAL));
    check(JCudaDriver.cuEventRecord(fork, stream));
    check(JCudaDriver.cuStreamWaitEvent(side, fork, 0));
    check(launch("probe_increment", 1, 1, 0, side, memory, 1));
    check(JCudaDriver.cuEventRecord(join, side));
    check(JCudaDriver.cuStreamWaitEvent(stream, join, 0));
    CUgraph graph = new CUgraph();
    check(JCudaDriver.cuStreamEndCapture(stream, graph));
    CUgraphExec executable = new CUgraphExec();
    check(JCudaDriver.cuGraphInstantiate(executable, graph, 0L));
    check(JCudaDriver.cuGraphLaunch(executable, stream));
    check(JCudaDriver.cuStreamSynchronize(stream));
    assertArrayEquals(new int[] {1}, ints(memory, 1));

    check(JCudaDriver.cuStreamBeginCapture(stream, GLOBAL));
    check(JCudaDriver.cuEventRecord(fork, stream));
    check(JCudaDriver.cuStreamWaitEvent(side, fork, 0));
    check(launch("probe_increment", 1, 1, 0, side, memory, 1));
    assertEquals(
        CUresult.CUDA_ERROR_STREAM_CAPTURE_UNJOINED, JCudaDriver.cuStreamEndCapture(stream, graph));
  }

  @Test
  void capturesForbidWaitingAndAllocating() {
    CUstream stream = stream();
    CUgraph graph = new CUgraph();
    int forbidden = CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    int invalidated = CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    check(JCudaDriver.cuStreamBeginCapture(stream, GLOBAL));
    assertEquals(forbidden, JCudaDriver.cuStreamSynchronize(stream));
    assertEquals(invalidated, JCudaDriver.cuStreamEndCapture(stream, graph));
    check(JCudaDriver.cuStreamBeginCapture(stream, GLOBAL));
    assertEquals(forbidden, JCudaDriver.cuMemAlloc(new CUdeviceptr(), 4));
    assertEquals(invalidated, JCudaDriver.cuStreamEndCapture(stream, graph));
    check(
        JCudaDriver.cuStreamBeginCapture(
            stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED));
    allocate(4);
    check(JCudaDriver.cuStreamEndCapture(stream, graph));
  }

  @Test
  void functionsThatAreNotThereSaySo() {
    assertEquals(
        CUresult.CUDA_ERROR_NOT_SUPPORTED, JCudaDriver.cuMemAllocManaged(new CUdeviceptr(), 4, 1));
    assertReport("cuMemAllocManaged is not supported");
  }

  // ---- Words for the above ----

  private static void check(int result) {
    assertEquals(
        CUresult.CUDA_SUCCESS,
        result,
        () -> CUresult.stringFor(result) + "; last report: " + EmulatedDriver.report());
  }

  private static void assertReport(String... parts) {
    for (String part : parts) {
      assertTrue(EmulatedDriver.report().contains(part), EmulatedDriver.report());
    }
  }

  private static int load(CUmodule module, String ptx) {
    byte[] text = (ptx + '\0').getBytes(StandardCharsets.ISO_8859_1);
    return JCudaDriver.cuModuleLoadData(module, text);
  }

  private CUfunction function(String name) {
    CUfunction function = new CUfunction();
    check(JCudaDriver.cuModuleGetFunction(function, module, name));
    return function;
  }

  /** Runs a kernel of one block; that must give an error when somebody waits. */
  private void fails(int result, String name, int threads, int shared, Object... arguments) {
    check(launch(name, 1, threads, shared, null, arguments));
    assertEquals(result, JCudaDriver.cuCtxSynchronize());
  }

  private int launch(
      String name, int blocks, int threads, int shared, CUstream stream, Object... arguments) {
    return launch(function(name), blocks, threads, shared, stream, arguments);
  }

  private static int launch(
      CUfunction function,
      int blocks,
      int threads,
      int shared,
      CUstream stream,
      Object... arguments) {
    NativePointerObject[] pointers = new NativePointerObject[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      pointers[i] =
          switch (arguments[i]) {
            case CUdeviceptr memory -> Pointer.to(memory);
            case Integer value -> Pointer.to(new int[] {value});
            case Long value -> Pointer.to(new long[] {value});
            case ByteBuffer struct -> Pointer.to(struct);
            default -> throw new IllegalArgumentException("" + arguments[i]);
          };
    }
    Pointer all = pointers.length == 0 ? null : Pointer.to(pointers);
    return JCudaDriver.cuLaunchKernel(
        function, blocks, 1, 1, threads, 1, 1, shared, stream, all, null);
  }

  private static CUdeviceptr allocate(long bytes) {
    CUdeviceptr memory = new CUdeviceptr();
    check(JCudaDriver.cuMemAlloc(memory, bytes));
    return memory;
  }

  private static CUdeviceptr device(float[] values) {
    CUdeviceptr memory = allocate((long) values.length * Sizeof.FLOAT);
    check(
        JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(values), (long) values.length * Sizeof.FLOAT));
    return memory;
  }

  private static CUdeviceptr device(int[] values) {
    CUdeviceptr memory = allocate((long) values.length * Sizeof.INT);
    check(JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(values), (long) values.length * Sizeof.INT));
    return memory;
  }

  private static CUdeviceptr device(short[] values) {
    CUdeviceptr memory = allocate((long) values.length * Sizeof.SHORT);
    check(
        JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(values), (long) values.length * Sizeof.SHORT));
    return memory;
  }

  private static float[] floats(CUdeviceptr from, int count) {
    float[] values = new float[count];
    check(JCudaDriver.cuMemcpyDtoH(Pointer.to(values), from, (long) count * Sizeof.FLOAT));
    return values;
  }

  private static int[] ints(CUdeviceptr from, int count) {
    int[] values = new int[count];
    check(JCudaDriver.cuMemcpyDtoH(Pointer.to(values), from, (long) count * Sizeof.INT));
    return values;
  }

  private static short[] shorts(CUdeviceptr from, int count) {
    short[] values = new short[count];
    check(JCudaDriver.cuMemcpyDtoH(Pointer.to(values), from, (long) count * Sizeof.SHORT));
    return values;
  }

  private static CUdeviceptr at(CUdeviceptr memory, long offset) {
    return memory.withByteOffset(offset);
  }

  private static Pointer pinned(long bytes) {
    Pointer pointer = new Pointer();
    check(JCudaDriver.cuMemHostAlloc(pointer, bytes, 0));
    return pointer;
  }

  private static int first(Pointer pinned) {
    return pinned.getByteBuffer(0, 4).order(ByteOrder.nativeOrder()).getInt(0);
  }

  private static void set(Pointer pinned, int value) {
    pinned.getByteBuffer(0, 4).order(ByteOrder.nativeOrder()).putInt(0, value);
  }

  private static CUstream stream() {
    CUstream stream = new CUstream();
    check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    return stream;
  }

  private static CUevent event() {
    CUevent event = new CUevent();
    check(JCudaDriver.cuEventCreate(event, 0));
    return event;
  }

  private static long address(CUdeviceptr memory) {
    // An allocation's address, by passing it through memory of the device.
    CUdeviceptr holder = allocate(8);
    check(JCudaDriver.cuMemcpyHtoD(holder, Pointer.to(memory), 8));
    long[] value = {0};
    check(JCudaDriver.cuMemcpyDtoH(Pointer.to(value), holder, 8));
    check(JCudaDriver.cuMemFree(holder));
    return value[0];
  }

  private static float[] floats(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i;
    }
    return values;
  }

  private static short[] halves(int[] values) {
    short[] halves = new short[values.length];
    for (int i = 0; i < values.length; i++) {
      halves[i] = Float.floatToFloat16(values[i]);
    }
    return halves;
  }
}
