package dev.tapscope.weave;

import java.util.Map;
import java.util.Optional;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.MethodTooLargeException;

/** What weaving does to the sizes of methods, and what HotSpot makes of it. */
final class MethodSizes {
  /** HotSpot does not compile methods that are larger ({@code -XX:-DontCompileHugeMethods}). */
  private static final int COMPILED = 8000;

  /** HotSpot does not inline hot methods that are larger ({@code -XX:FreqInlineSize}). */
  private static final int INLINED = 325;

  private final Map<String, Integer> before;
  private final Map<String, Integer> after;

  MethodSizes(ClassReader before, byte[] after) {
    this.before = CodeSizes.of(before);
    this.after = CodeSizes.of(new ClassReader(after));
  }

  /** Refuses a method that its taps take out of the compiler's reach: it would run far slower. */
  Optional<NoFit> tooLarge(MethodCode code) {
    int was = before.get(code.key());
    int is = after.get(code.key());
    if (was >= COMPILED || is < COMPILED) {
      return Optional.empty();
    }
    return Optional.of(
        new NoFit(
            "method-size",
            "Wanted "
                + code.name()
                + " to stay below "
                + COMPILED
                + " bytes of code, beyond which HotSpot only interprets a method; found "
                + was
                + " bytes that grow to "
                + is
                + " with its taps. Take taps of this method out of the profile, or tap the methods"
                + " it calls."));
  }

  static NoFit overflow(MethodTooLargeException e) {
    return new NoFit(
        "method-size",
        "Wanted "
            + e.getMethodName()
            + e.getDescriptor()
            + " to stay within the 65535 bytes of code a method can have; found "
            + e.getCodeSize()
            + " with its taps. Take taps of this method out of the profile.");
  }

  /** {@code Block.forward grows from 210 to 224 bytes}, and what follows from it. */
  String sentence(MethodCode code) {
    int was = before.get(code.key());
    int is = after.get(code.key());
    String size = code.name() + " grows from " + was + " to " + is + " bytes";
    if (was >= COMPILED) {
      return size + ", and HotSpot only interprets it, with or without taps";
    }
    return was <= INLINED && is > INLINED
        ? size + ", past the " + INLINED + " up to which HotSpot inlines a hot method"
        : size;
  }
}
