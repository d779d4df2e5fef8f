package dev.tapscope.run;

import dev.tapscope.profile.MethodRef;
import java.io.PrintStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Asks the model's own tokenizer for the text of a token. The tokenizer is the last one the model
 * constructed. Where it cannot be asked, a token is shown as {@code #id} and one line says why.
 */
final class Decoder {
  private final Optional<MethodRef> method;
  private final PrintStream err;
  private final ConcurrentMap<Integer, String> texts = new ConcurrentHashMap<>();
  private volatile Optional<MethodHandle> decode = Optional.empty();
  private boolean told;

  Decoder(Optional<MethodRef> method, PrintStream err) {
    this.method = method;
    this.err = err;
  }

  /** Told of each object whose constructor has returned. */
  void built(Object decoder) {
    if (method.isEmpty() || !isOrExtends(decoder.getClass(), method.get().owner())) {
      return;
    }
    try {
      decode = Optional.of(handle(decoder, method.get()));
      texts.clear();
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      tell(e);
    }
  }

  String text(int token) {
    Optional<MethodHandle> current = decode;
    return current.isEmpty()
        ? "#" + token
        : texts.computeIfAbsent(token, t -> ask(current.get(), t));
  }

  private String ask(MethodHandle handle, int token) {
    try {
      return String.valueOf((Object) handle.invoke(token));
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      tell(e);
      return "#" + token;
    }
  }

  private static MethodHandle handle(Object decoder, MethodRef ref)
      throws ReflectiveOperationException {
    for (Class<?> c = decoder.getClass(); c != null; c = c.getSuperclass()) {
      for (Method m : c.getDeclaredMethods()) {
        Class<?>[] parameters = m.getParameterTypes();
        if (m.getName().equals(ref.name())
            && parameters.length == 1
            && parameters[0] == int.class
            && !m.isBridge()) {
          MethodHandle handle =
              Modifier.isPublic(m.getModifiers()) && Modifier.isPublic(c.getModifiers())
                  ? MethodHandles.publicLookup().unreflect(m)
                  : MethodHandles.privateLookupIn(c, MethodHandles.lookup()).unreflect(m);
          return Modifier.isStatic(m.getModifiers()) ? handle : handle.bindTo(decoder);
        }
      }
    }
    throw new NoSuchMethodException("no method " + ref.name() + "(int) in " + ref.owner());
  }

  private static boolean isOrExtends(Class<?> type, String name) {
    for (Class<?> c = type; c != null; c = c.getSuperclass()) {
      if (c.getName().equals(name)) {
        return true;
      }
    }
    return false;
  }

  private synchronized void tell(Throwable cause) {
    if (!told) {
      told = true;
      err.println(
          "tapscope: [text-unavailable] Tokens are shown by number where the model's own decoder "
              + method.map(MethodRef::toString).orElse("")
              + " cannot be called: "
              + cause
              + ". Correct the 'text' line of the profile.");
    }
  }
}
