package dev.tapscope.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import jcuda.jcublas.JCublas2;

/**
 * NVIDIA's cuBLAS, where this machine has one. JCublas2 wants {@code libcublas.so.12}; where there
 * is only {@code libcublas.so.13}, a library of Tapscope's own takes the former's place and hands
 * every call over to the latter (src/main/cublas).
 */
public final class Cublas {
  /** What was found. */
  public sealed interface Probe {}

  /**
   * A cuBLAS that can be called.
   *
   * @param library its file, or its name where the system's loader has found it
   * @param version such as {@code 12.4.5}
   * @param forwarded whether it is called through Tapscope's library
   */
  public record Found(String library, String version, boolean forwarded) implements Probe {
    /** What a person reads. */
    public String sentence() {
      return "%s, version %s%s"
          .formatted(library, version, forwarded ? ", called through JCuda's version 12" : "");
    }
  }

  /**
   * No cuBLAS; Tapscope's own kernels do its work.
   *
   * @param sentence why
   */
  public record Absent(String sentence) implements Probe {}

  private static final int OLDEST = 12;
  private static final int NEWEST = 13;
  private static final String FORWARDING = "libcublas.so.12";

  /** Of {@code libraryPropertyType}. */
  private static final int MAJOR = 0;

  private static final int MINOR = 1;
  private static final int PATCH = 2;

  private Cublas() {}

  /**
   * Looks for cuBLAS and loads it, once for this JVM. Needs no GPU. Never throws: what goes wrong
   * is the answer.
   */
  public static Probe probe() {
    return Loaded.PROBE;
  }

  /** Loaded when first asked for, and not again. */
  private static final class Loaded {
    static final Probe PROBE = load(CublasPlaces.ofThisMachine());
  }

  private static Probe load(CublasPlaces places) {
    if (places.unwanted()) {
      return new Absent("%s says to do without cuBLAS.".formatted(places.origin()));
    }
    if (!isSupported()) {
      return new Absent("cuBLAS is used on Linux on x86-64 alone.");
    }
    try {
      for (String candidate : places.candidates()) {
        Optional<Probe> found = open(candidate);
        if (found.isPresent()) {
          return found.get();
        }
      }
      return new Absent(places.notFound());
    } catch (IllegalCallerException e) {
      return new Absent(
          "This JVM does not let native code be called; start it with"
              + " --enable-native-access=ALL-UNNAMED.");
    } catch (LinkageError | IOException | UncheckedIOException e) {
      return new Absent("cuBLAS is there but JCuda cannot be loaded on top of it: " + e + ".");
    }
  }

  private static boolean isSupported() {
    return System.getProperty("os.name").equals("Linux")
        && System.getProperty("os.arch").equals("amd64");
  }

  /** Empty where there is no such library. */
  private static Optional<Probe> open(String library) throws IOException {
    SymbolLookup functions;
    try {
      // Stays loaded: JCuda's library, or ours, then finds it by its SONAME, wherever its file is.
      functions = SymbolLookup.libraryLookup(library, Arena.global());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    Optional<MemorySegment> property = functions.find("cublasGetProperty");
    if (property.isEmpty()) {
      return Optional.of(new Absent(library + " is no cuBLAS."));
    }
    int major = property(property.get(), MAJOR);
    String version =
        "%d.%d.%d"
            .formatted(major, property(property.get(), MINOR), property(property.get(), PATCH));
    if (major < OLDEST || major > NEWEST) {
      return Optional.of(
          new Absent(
              "%s is cuBLAS %s; Tapscope calls versions %d and %d."
                  .formatted(library, version, OLDEST, NEWEST)));
    }
    boolean forwarded = major != OLDEST;
    if (forwarded) {
      Path forwarding = unpack();
      System.load(forwarding.toString());
      if (reached(forwarding) == 0) {
        return Optional.of(
            new Absent(
                "%s is loaded and cannot be called: its SONAME is not libcublas.so.13."
                    .formatted(library)));
      }
    }
    Natives.folder().unpackingHere(() -> JCublas2.setExceptionsEnabled(false));
    return Optional.of(new Found(library, version, forwarded));
  }

  /** Where the forwarding library is, once it is needed. */
  static Path forwarding() {
    return Natives.folder().path().resolve(FORWARDING);
  }

  private static Path unpack() throws IOException {
    Path file = forwarding();
    try (InputStream stream = Cublas.class.getResourceAsStream(FORWARDING)) {
      if (stream == null) {
        throw new IOException("there is no resource " + FORWARDING);
      }
      Files.copy(stream, file);
    }
    return file;
  }

  /** How many of cuBLAS 12's functions the forwarding library has found in cuBLAS 13. */
  static int reached(Path forwarding) {
    MemorySegment count =
        SymbolLookup.libraryLookup(forwarding, Arena.global())
            .find("tapscope_cublas_found")
            .orElseThrow();
    try {
      return (int)
          Linker.nativeLinker()
              .downcallHandle(count, FunctionDescriptor.of(ValueLayout.JAVA_INT))
              .invokeExact();
    } catch (Throwable e) {
      throw new AssertionError("a native call throws nothing", e);
    }
  }

  private static int property(MemorySegment function, int which) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      int status =
          (int)
              Linker.nativeLinker()
                  .downcallHandle(
                      function,
                      FunctionDescriptor.of(
                          ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS))
                  .invokeExact(which, value);
      return status == 0 ? value.get(ValueLayout.JAVA_INT, 0) : -1;
    } catch (Throwable e) {
      throw new AssertionError("a native call throws nothing", e);
    }
  }
}
