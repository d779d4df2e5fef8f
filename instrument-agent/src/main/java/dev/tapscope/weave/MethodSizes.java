package dev.tapscope.weave;

import java.util.Map;
import java.util.Optional;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.MethodTooLargeException;

/** What weaving does to the sizes of methods, and what HotSpot makes of it. */
final class MethodSizes {
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
    if (was >= Growth.COMPILED || is < Growth.COMPILED) {
      return Optional.empty();
    }
    return Optional.of(
        new NoFit(
            "method-size",
            "Wanted "
                + code.name()
                + " to stay below "
                + Growth.COMPILED
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

  Growth growth(MethodCode code) {
    return new Growth(code.name(), before.get(code.key()), after.get(code.key()));
  }
}
