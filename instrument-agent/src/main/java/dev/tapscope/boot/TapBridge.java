package dev.tapscope.boot;

import java.lang.invoke.CallSite;
import java.lang.invoke.ConstantCallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * The only class woven code names. It is defined by the bootstrap loader, so that every model class
 * sees the same one, and therefore:
 *
 * <ul>
 *   <li>it names nothing but {@code java.base};
 *   <li>it decides nothing: the agent sets the {@link Linker};
 *   <li>it never throws into the model: a tap that cannot be linked passes its value through, and
 *       the linker is told why.
 * </ul>
 */
public final class TapBridge {
  /** Makes the call site of a woven tap. */
  public interface Linker {
    CallSite link(MethodHandles.Lookup caller, MethodType type, String profile, String site)
        throws Throwable;

    /** Told of a tap that could not be linked and passes through for the rest of this JVM. */
    void failed(String profile, String site, Throwable cause);
  }

  private static volatile Linker linker;

  private TapBridge() {}

  public static void linkWith(Linker newLinker) {
    linker = newLinker;
  }

  /**
   * Bootstrap of {@code tap:(V, captures...)V}. Name is always {@code tap}; the site is a static
   * argument because names of sites are not legal JVM names.
   */
  public static CallSite bootstrap(
      MethodHandles.Lookup caller, String name, MethodType type, String profile, String site) {
    Linker current = linker;
    if (current != null) {
      try {
        return current.link(caller, type, profile, site);
      } catch (Throwable e) {
        current.failed(profile, site, e);
      }
    }
    return new ConstantCallSite(passThrough(type));
  }

  /** {@code (V value, captures...) -> V} that returns its first argument. */
  public static MethodHandle passThrough(MethodType type) {
    MethodHandle identity = MethodHandles.identity(type.returnType());
    return MethodHandles.dropArguments(
        identity, 1, type.parameterList().subList(1, type.parameterCount()));
  }
}
