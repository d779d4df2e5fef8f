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

    /**
     * Makes the call site that stands in the place of a call.
     *
     * @param callee the call as the model wrote it
     */
    CallSite linkAround(
        MethodHandles.Lookup caller,
        MethodType type,
        String profile,
        String site,
        MethodHandle callee)
        throws Throwable;

    /** Told of a tap that could not be linked and passes through for the rest of this JVM. */
    void failed(String profile, String site, Throwable cause);
  }

  /** Told of what happens around the taps, on the model's thread. Must not throw. */
  public interface Scopes {
    /** The method that carries the tokens of a pass was entered. */
    void passEntered(String profile);

    /** That method was left, by a return or by an exception. */
    void passLeft(String profile, boolean normally);

    /** The constructor of the model's own token decoder has returned. */
    void decoderBuilt(Object decoder);

    /** Somebody ends the JVM with this status. */
    void exiting(int status);
  }

  private static volatile Linker linker;
  private static volatile Scopes scopes;

  private TapBridge() {}

  public static void linkWith(Linker newLinker) {
    linker = newLinker;
  }

  public static void reportTo(Scopes newScopes) {
    scopes = newScopes;
  }

  /** Called by the woven scope of a pass. */
  public static void passEntered(String profile) {
    Scopes current = scopes;
    if (current != null) {
      current.passEntered(profile);
    }
  }

  /** Called by the woven scope of a pass, however it ends. */
  public static void passLeft(String profile, boolean normally) {
    Scopes current = scopes;
    if (current != null) {
      current.passLeft(profile, normally);
    }
  }

  /** Called at the start of {@link Runtime#exit}. */
  public static void exiting(int status) {
    Scopes current = scopes;
    if (current != null) {
      current.exiting(status);
    }
  }

  /** Called at the end of the constructors of the model's own token decoder. */
  public static void decoderBuilt(Object decoder) {
    Scopes current = scopes;
    if (current != null) {
      current.decoderBuilt(decoder);
    }
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

  /**
   * Bootstrap of {@code around:(P..., captures...)R}, which stands in the place of a call {@code
   * (P...)R}, receiver included.
   */
  public static CallSite bootstrapAround(
      MethodHandles.Lookup caller,
      String name,
      MethodType type,
      String profile,
      String site,
      MethodHandle callee) {
    Linker current = linker;
    if (current != null) {
      try {
        return current.linkAround(caller, type, profile, site, callee);
      } catch (Throwable e) {
        current.failed(profile, site, e);
      }
    }
    return new ConstantCallSite(plainCall(type, callee));
  }

  /** The call as the model wrote it, with the captures left out. */
  public static MethodHandle plainCall(MethodType type, MethodHandle callee) {
    MethodHandle spread = callee.asFixedArity(); // a varargs method takes its array as it is
    int parameters = spread.type().parameterCount();
    return MethodHandles.dropArguments(
            spread, parameters, type.parameterList().subList(parameters, type.parameterCount()))
        .asType(type);
  }

  /** {@code (V value, captures...) -> V} that returns its first argument. */
  public static MethodHandle passThrough(MethodType type) {
    MethodHandle identity = MethodHandles.identity(type.returnType());
    return MethodHandles.dropArguments(
        identity, 1, type.parameterList().subList(1, type.parameterCount()));
  }
}
