package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

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
   */
  public record Found(String name, int devices, String driver) implements Probe {}

  /**
   * No usable GPU.
   *
   * @param sentence why
   */
  public record Absent(String sentence) implements Probe {}

  private static final int SUCCESS = 0;
  private static final int NAME_BYTES = 256;

  /** Results of {@code cuInit} worth words of their own (CUDA driver API, CUresult). */
  private static final int NO_DEVICE = 100;

  private static final int DRIVER_MISMATCH = 803;

  private Cuda() {}

  /**
   * Loads the driver and asks for its first device. Cheap when there is no driver; otherwise takes
   * some tenths of a second. Never throws: what goes wrong is the answer.
   */
  public static Probe probe() {
    return probe(
        System.getProperty("os.name").startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1");
  }

  static Probe probe(String library) {
    try (Arena arena = Arena.ofConfined()) {
      return new Driver(SymbolLookup.libraryLookup(library, arena)).probe(arena);
    } catch (IllegalArgumentException e) {
      return new Absent("The NVIDIA driver's library %s cannot be loaded.".formatted(library));
    } catch (IllegalCallerException e) {
      return new Absent(
          "This JVM does not let native code be called; start it with"
              + " --enable-native-access=ALL-UNNAMED.");
    }
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
        return new Absent(reason(started));
      }
      MemorySegment number = arena.allocate(INT);
      int counted = call("cuDeviceGetCount", FunctionDescriptor.of(INT, POINTER), number);
      int devices = number.get(INT, 0);
      if (counted != SUCCESS || devices == 0) {
        return new Absent("The NVIDIA driver is there and sees no GPU.");
      }
      MemorySegment name = arena.allocate(NAME_BYTES);
      int named =
          call(
              "cuDeviceGetName",
              FunctionDescriptor.of(INT, POINTER, INT, INT),
              name,
              NAME_BYTES,
              0);
      int asked = call("cuDriverGetVersion", FunctionDescriptor.of(INT, POINTER), number);
      if (named != SUCCESS || asked != SUCCESS) {
        return new Absent(
            "The NVIDIA driver does not tell its GPU's name (errors %d and %d)."
                .formatted(named, asked));
      }
      int version = number.get(INT, 0);
      return new Found(
          name.getString(0), devices, "%d.%d".formatted(version / 1000, version % 1000 / 10));
    }

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout POINTER = ValueLayout.ADDRESS;

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
        case NO_DEVICE -> "The NVIDIA driver is there and sees no GPU.";
        case DRIVER_MISMATCH ->
            "The NVIDIA driver's library and kernel module are of different versions; restart the"
                + " machine, or install both anew.";
        default -> "The NVIDIA driver cannot be started (CUDA error %d).".formatted(result);
      };
    }
  }
}
