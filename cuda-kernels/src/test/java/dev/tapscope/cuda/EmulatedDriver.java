package dev.tapscope.cuda;

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
import org.junit.jupiter.api.Assumptions;

/**
 * The emulated CUDA driver: a {@code libcuda.so.1} that runs the kernels on the CPU. Once it is
 * loaded, it is the driver of this JVM, for JCuda as for everybody else; so it has to be loaded
 * before anything asks for CUDA. What it does is described in {@code src/test/emulation}.
 */
public final class EmulatedDriver {
  /** From this module and from its neighbours. */
  private static final List<Path> PLACES =
      List.of(
          Path.of("target/emulation/libcuda.so.1"),
          Path.of("../cuda-kernels/target/emulation/libcuda.so.1"));

  private EmulatedDriver() {}

  /**
   * Loads it and gives it its usual settings; skips the tests of the class that calls, in its
   * {@code @BeforeAll}, where it was not built since g++ or make are missing.
   */
  public static void require() {
    boolean there = PLACES.stream().anyMatch(Files::exists);
    if (!there) {
      System.err.println("Skipped: the emulated CUDA driver was not built; it needs g++ and make.");
    }
    Assumptions.assumeTrue(there, "the emulated CUDA driver was not built; it needs g++ and make");
    // A real cuBLAS has no use for a driver that is none.
    if (System.getenv(CublasPlaces.VARIABLE) == null
        && System.getProperty(CublasPlaces.PROPERTY) == null) {
      System.setProperty(CublasPlaces.PROPERTY, CublasPlaces.NONE);
    }
    configure("");
  }

  /**
   * Sets how it behaves from now on, and forgets an error of the context; what is not named gets
   * its default. Separated by commas:
   *
   * <ul>
   *   <li>{@code order=forward}, {@code reverse} or a seed: in which order threads and blocks run
   *   <li>{@code memory=BYTES} of the device, with k, m or g; 4g
   *   <li>{@code fail-alloc=N}, {@code fail-launch=N}, {@code fail-copy=N}: the Nth from now fails,
   *       once; launches of graphs are launches as well
   *   <li>{@code eager=1}: work runs when it is submitted, not when somebody waits for it
   *   <li>{@code late-uploads=1}: a blocking copy from pageable memory returns before the bytes are
   *       in the device's memory, as the documentation of CUDA allows
   *   <li>{@code null=1}: launches and copies to the device do nothing, and new memory is not
   *       filled, for measuring the host
   *   <li>{@code driver=VERSION} such as 12080, {@code capability=MAJOR.MINOR}, {@code devices=N},
   *       {@code multiprocessors=N}
   * </ul>
   */
  public static void configure(String settings) {
    try (Arena arena = Arena.ofConfined()) {
      int result = (int) Functions.CONFIGURE.invokeExact(arena.allocateFrom(settings));
      if (result != 0) {
        throw new IllegalArgumentException(report());
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a native call throws nothing", e);
    }
  }

  /**
   * Counts something.
   *
   * @param what {@code launches}, {@code graph-launches}, {@code allocations}, {@code copies},
   *     {@code fills}, {@code host-functions} (such as products of the emulated cuBLAS), each since
   *     the begin; {@code live-allocations}, {@code bytes} of the device, {@code pinned} bytes of
   *     the host and {@code pending} as of now; {@code kernel:NAME} for how often one ran
   */
  public static long count(String what) {
    try (Arena arena = Arena.ofConfined()) {
      long count = (long) Functions.COUNT.invokeExact(arena.allocateFrom(what));
      if (count < 0) {
        throw new IllegalArgumentException("the emulated driver does not count " + what);
      }
      return count;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a native call throws nothing", e);
    }
  }

  /** The last sentence about something wrong that it wrote to stderr; empty before the first. */
  @SuppressWarnings("restricted")
  public static String report() {
    try {
      MemorySegment text = (MemorySegment) Functions.REPORT.invokeExact();
      return text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a native call throws nothing", e);
    }
  }

  /** Loads the library with its first use. */
  @SuppressWarnings("restricted")
  private static final class Functions {
    static final MethodHandle CONFIGURE;
    static final MethodHandle COUNT;
    static final MethodHandle REPORT;

    static {
      Path library = PLACES.stream().filter(Files::exists).findFirst().orElseThrow();
      System.load(library.toAbsolutePath().normalize().toString());
      SymbolLookup symbols = SymbolLookup.loaderLookup();
      Linker linker = Linker.nativeLinker();
      CONFIGURE =
          linker.downcallHandle(
              symbols.findOrThrow("tapscope_emulator"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
      COUNT =
          linker.downcallHandle(
              symbols.findOrThrow("tapscope_emulator_count"),
              FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
      REPORT =
          linker.downcallHandle(
              symbols.findOrThrow("tapscope_emulator_report"),
              FunctionDescriptor.of(ValueLayout.ADDRESS));
    }
  }
}
