package dev.tapscope.cuda;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;

/**
 * The first GPU of the machine, opened: its context, which libraries in this process share, and one
 * stream of work. Calls come from one thread at a time, but not always the same one.
 */
public final class Gpu implements AutoCloseable {
  /** Major compute capability. */
  private static final int HOPPER = 9;

  private static final int JIT_LOG_BYTES = 8 << 10;

  private final Cuda.Found found;
  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final CUstream stream = new CUstream();
  private final DeviceMemory memory = new DeviceMemory(this);
  private final Map<String, CUmodule> modules = new HashMap<>();
  private final Map<String, Ptx> sources = new HashMap<>();
  private final Map<String, Kernel> kernels = new HashMap<>();

  private Optional<Optional<Gemm>> cublas = Optional.empty();

  private Gpu(Cuda.Found found) {
    this.found = found;
    JCudaDriver.setExceptionsEnabled(false);
    Result.check(JCudaDriver.cuInit(0), "starting the driver");
    Result.check(JCudaDriver.cuDeviceGet(device, 0), "choosing the first GPU");
    Result.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "opening the GPU");
    makeCurrent();
    Result.check(
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "making a stream");
  }

  /**
   * Opens the first GPU.
   *
   * @throws GpuException with the reason, when there is none that can be used
   */
  public static Gpu open() {
    return switch (Cuda.probe()) {
      case Cuda.Absent absent -> throw new GpuException(absent.sentence());
      case Cuda.Found found -> {
        Natives.load();
        yield new Gpu(found);
      }
    };
  }

  /** As the driver calls it. */
  public String name() {
    return found.name();
  }

  /** What the probe has found. */
  public Cuda.Found found() {
    return found;
  }

  /** Bytes of its memory that this process has taken through this object. */
  public long bytesInUse() {
    return memory.inUse();
  }

  /** The most that was ever taken. */
  public long peakBytes() {
    return memory.peak();
  }

  /** Bytes of its memory that nobody has taken. */
  public long freeBytes() {
    makeCurrent();
    long[] free = {0};
    Result.check(JCudaDriver.cuMemGetInfo(free, new long[1]), "asking for free memory");
    return free[0];
  }

  DeviceMemory memory() {
    return memory;
  }

  CUstream stream() {
    return stream;
  }

  /** Streaming multiprocessors. */
  int multiprocessors() {
    return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  }

  /**
   * cuBLAS, where this machine has one; opened with the first call, closed with the GPU.
   *
   * @throws GpuException where it is there and cannot be started
   */
  Optional<Gemm> cublas() {
    if (cublas.isEmpty()) {
      cublas = Optional.of(Gemm.open(this));
    }
    return cublas.get();
  }

  /** Products in single precision: cuBLAS's where there is one, else by Tapscope's own kernels. */
  Products products() {
    return cublas()
        .<Products>map(gemm -> new CublasProducts(gemm, stream))
        .orElseGet(() -> new OwnProducts(this));
  }

  /**
   * Who computes the encoder's products where it is not the encoder's own kernel: on cards since
   * Hopper, whose tensor cores need instructions that kernel does not use, cuBLAS.
   */
  Optional<ShadowProducts> screening() {
    int major = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    return major >= HOPPER ? cublas().map(gemm -> gemm) : Optional.empty();
  }

  private int attribute(int which) {
    int[] value = {0};
    Result.check(
        JCudaDriver.cuDeviceGetAttribute(value, which, device), "asking what the GPU can do");
    return value[0];
  }

  /** Has to come before the driver is called on a thread for the first time. */
  void makeCurrent() {
    Result.check(JCudaDriver.cuCtxSetCurrent(context), "taking up the GPU");
  }

  /**
   * The same object for every caller, since the driver has each kernel once, and what a launch has
   * asked for its shared memory is known by the object.
   *
   * @param source file of {@code src/main/cuda}, without its ending
   * @param name of a kernel in it
   */
  Kernel kernel(String source, String name) {
    makeCurrent();
    return kernels.computeIfAbsent(source + "/" + name, unused -> lookUp(source, name));
  }

  private Kernel lookUp(String source, String name) {
    Ptx ptx = sources.computeIfAbsent(source, Ptx::load);
    CUmodule module = modules.computeIfAbsent(source, unused -> module(ptx));
    if (!ptx.entries().containsKey(name)) {
      throw new IllegalArgumentException("there is no kernel %s in %s".formatted(name, source));
    }
    CUfunction function = new CUfunction();
    Result.check(
        JCudaDriver.cuModuleGetFunction(function, module, name), "looking up kernel " + name);
    return new Kernel(name, function, ptx.entries().get(name));
  }

  private static CUmodule module(Ptx ptx) {
    CUmodule module = new CUmodule();
    byte[] text = (ptx.text() + '\0').getBytes(StandardCharsets.US_ASCII);
    JITOptions options = new JITOptions();
    byte[] log = new byte[JIT_LOG_BYTES];
    options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, log);
    options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, JIT_LOG_BYTES);
    int result = JCudaDriver.cuModuleLoadDataJIT(module, Pointer.to(text), options);
    String said = new String(log, StandardCharsets.US_ASCII).replace("\0", "").strip();
    Result.check(
        result,
        "translating its kernels %s%s"
            .formatted(
                ptx.name(), said.isEmpty() ? "" : " (" + said.replaceAll("\\s+", " ") + ")"));
    return module;
  }

  /** Waits until everything launched so far is done. */
  void synchronize() {
    makeCurrent();
    Result.check(JCudaDriver.cuStreamSynchronize(stream), "computing");
  }

  CUevent event() {
    CUevent event = new CUevent();
    Result.check(JCudaDriver.cuEventCreate(event, 0), "making an event");
    return event;
  }

  @Override
  public void close() {
    makeCurrent();
    cublas.flatMap(gemm -> gemm).ifPresent(Gemm::close);
    cublas = Optional.empty();
    modules.values().forEach(m -> Result.check(JCudaDriver.cuModuleUnload(m), "closing the GPU"));
    modules.clear();
    kernels.clear();
    Result.check(JCudaDriver.cuStreamDestroy(stream), "closing the GPU");
    Result.check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "closing the GPU");
  }
}
