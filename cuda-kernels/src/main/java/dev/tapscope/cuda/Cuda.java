package dev.tapscope.cuda;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Whether this machine has an NVIDIA GPU that can be used, asked of the driver itself. */
public final class Cuda {
  /** What was found. */
  public sealed interface Probe {}

  /**
   * A usable GPU, the first one.
   *
   * @param name as the driver calls it
   * @param devices number of GPUs
   * @param driver newest CUDA version the driver supports, such as {@code 12.4}
   * @param capability its compute capability, such as {@code 9.0}
   * @param memory bytes of its memory, free or not
   */
  public record Found(String name, int devices, String driver, String capability, long memory)
      implements Probe {
    @Override
    public String toString() {
      return "%s, compute capability %s, %s, driver for CUDA %s"
          .formatted(name, capability, DeviceMemory.size(memory), driver);
    }
  }

  /**
   * No usable GPU.
   *
   * @param sentence why, with the remedy where there is one
   * @param driver whether there is an NVIDIA driver all the same, so that one who never asked for
   *     the GPU may want to know
   */
  public record Absent(String sentence, boolean driver) implements Probe {}

  private static final int SUCCESS = 0;
  private static final int NAME_BYTES = 256;

  /** Results of {@code cuInit} worth words of their own (CUDA driver API, CUresult). */
  private static final int STUB_LIBRARY = 34;

  private static final int NO_DEVICE = 100;
  private static final int DRIVER_MISMATCH = 803;

  /** Of {@code cuDeviceGetAttribute} (CUdevice_attribute). */
  private static final int CAPABILITY_MAJOR = 75;

  private static final int CAPABILITY_MINOR = 76;

  /** The first driver version that takes PTX 8.0, as {@code cuDriverGetVersion} says it. */
  private static final int LEAST_DRIVER = 12_000;

  /** The first cards with {@code cp.async} and the tensor cores' fp16 of this shape. */
  private static final int LEAST_CAPABILITY = 80;

  private Cuda() {}

  /**
   * Loads the driver and asks for its first device. Cheap when there is no driver; otherwise takes
   * some tenths of a second. Never throws: what goes wrong is the answer.
   */
  public static Probe probe() {
    String library = os().startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1";
    if (!Cuda.class.getModule().isNativeAccessEnabled() && !driverInSight(library)) {
      return noDriver(library); // a call would make the JVM warn, for nothing
    }
    return switch (probe(library)) {
      case Found found when !ours() ->
          new Absent("There is a %s. %s".formatted(found.name(), elsewhere()), true);
      case Probe other -> other;
    };
  }

  private static String os() {
    return System.getProperty("os.name");
  }

  private static boolean ours() {
    return os().equals("Linux")
        && List.of("amd64", "x86_64").contains(System.getProperty("os.arch"));
  }

  private static String elsewhere() {
    return "The CUDA kernels run on Linux on x86-64 only, and this is %s on %s."
        .formatted(os(), System.getProperty("os.arch"));
  }

  /** Whether there are signs of a driver in the file system: its kernel module, or its library. */
  private static boolean driverInSight(String library) {
    return Stream.of("/proc/driver/nvidia/version", "/dev/dxg").anyMatch(sign -> exists("", sign))
        || Stream.of("LD_LIBRARY_PATH", "PATH")
            .map(variable -> System.getenv().getOrDefault(variable, ""))
            .flatMap(path -> Stream.of(path.split(File.pathSeparator, -1)))
            .filter(folder -> !folder.isEmpty())
            .anyMatch(folder -> exists(folder, library));
  }

  private static boolean exists(String folder, String file) {
    return Files.exists(Path.of(folder, file));
  }

  static Probe probe(String library) {
    try (Arena arena = Arena.ofConfined()) {
      // For good: JCuda loads it next, and what has been started is started once.
      return new Driver(SymbolLookup.libraryLookup(library, Arena.global())).probe(arena);
    } catch (IllegalArgumentException e) {
      return noDriver(library);
    } catch (IllegalCallerException e) {
      return new Absent(
          "This JVM does not let native code be called; start it with"
              + " --enable-native-access=ALL-UNNAMED.",
          driverInSight(library));
    }
  }

  private static Absent noDriver(String library) {
    return new Absent(
        ours()
            ? "The NVIDIA driver's library %s cannot be loaded.".formatted(library)
            : elsewhere(),
        false);
  }

  /** The few driver functions a probe needs. */
  private static final class Driver {
    private final SymbolLookup library;

    Driver(SymbolLookup library) {
      this.library = library;
    }

    Probe probe(Arena arena) {
      int started = call("cuInit", FunctionDescriptor.of(INT, INT), 0);
      if (started != SUCCESS) {
        return new Absent(reason(started), true);
      }
      MemorySegment number = arena.allocate(INT);
      int counted = call("cuDeviceGetCount", FunctionDescriptor.of(INT, POINTER), number);
      int devices = number.get(INT, 0);
      if (counted != SUCCESS || devices == 0) {
        return new Absent(reason(NO_DEVICE), true);
      }
      try {
        return found(arena, devices);
      } catch (Refused e) {
        return new Absent(
            "The NVIDIA driver sees a GPU and does not answer %s (CUDA error %d)."
                .formatted(e.function, e.result),
            true);
      }
    }

    private Probe found(Arena arena, int devices) throws Refused {
      MemorySegment number = arena.allocate(INT);
      ask("cuDriverGetVersion", FunctionDescriptor.of(INT, POINTER), number);
      int version = number.get(INT, 0);
      String driver = "%d.%d".formatted(version / 1000, version % 1000 / 10);
      if (version < LEAST_DRIVER) {
        return new Absent(
            "The NVIDIA driver supports CUDA %s and the kernels need 12.0; install NVIDIA driver 525 or later."
                .formatted(driver),
            true);
      }
      ask("cuDeviceGet", FunctionDescriptor.of(INT, POINTER, INT), number, 0);
      int device = number.get(INT, 0);
      MemorySegment name = arena.allocate(NAME_BYTES);
      FunctionDescriptor naming = FunctionDescriptor.of(INT, POINTER, INT, INT);
      ask("cuDeviceGetName", naming, name, NAME_BYTES, device);
      int major = attribute(number, CAPABILITY_MAJOR, device);
      int minor = attribute(number, CAPABILITY_MINOR, device);
      String capability = "%d.%d".formatted(major, minor);
      if (10 * major + minor < LEAST_CAPABILITY) {
        return new Absent(
            "The %s has compute capability %s, and the kernels need 8.0: a card of 2020 or later (A100, RTX 30)."
                .formatted(name.getString(0), capability),
            true);
      }
      MemorySegment bytes = arena.allocate(LONG);
      ask("cuDeviceTotalMem_v2", FunctionDescriptor.of(INT, POINTER, INT), bytes, device);
      return new Found(name.getString(0), devices, driver, capability, bytes.get(LONG, 0));
    }

    private int attribute(MemorySegment number, int which, int device) throws Refused {
      FunctionDescriptor type = FunctionDescriptor.of(INT, POINTER, INT, INT);
      ask("cuDeviceGetAttribute", type, number, which, device);
      return number.get(INT, 0);
    }

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout POINTER = ValueLayout.ADDRESS;

    private void ask(String function, FunctionDescriptor type, Object... arguments) throws Refused {
      int result = call(function, type, arguments);
      if (result != SUCCESS) {
        throw new Refused(function, result);
      }
    }

    private int call(String function, FunctionDescriptor type, Object... arguments) {
      MemorySegment address =
          library
              .find(function)
              .orElseThrow(
                  () -> new IllegalArgumentException("the driver has no function " + function));
      MethodHandle handle = Linker.nativeLinker().downcallHandle(address, type);
      try {
        return (int) handle.invokeWithArguments(arguments);
      } catch (Throwable e) {
        throw new AssertionError("a native call throws nothing", e);
      }
    }

    private static String reason(int result) {
      return switch (result) {
        case NO_DEVICE ->
            "The NVIDIA driver is there and sees no GPU; nvidia-smi and CUDA_VISIBLE_DEVICES say"
                + " which there are.";
        case STUB_LIBRARY ->
            "The libcuda.so.1 that was found is the CUDA toolkit's stub and no driver; take its"
                + " folder off LD_LIBRARY_PATH.";
        case DRIVER_MISMATCH ->
            "The NVIDIA driver's library and kernel module are of different versions; restart the"
                + " machine, or install both anew.";
        default -> "The NVIDIA driver cannot be started (CUDA error %d).".formatted(result);
      };
    }

    /** A function that gave another result than success. */
    private static final class Refused extends Exception {
      private static final long serialVersionUID = 1;

      private final String function;
      private final int result;

      Refused(String function, int result) {
        super(function);
        this.function = function;
        this.result = result;
      }
    }
  }
}
