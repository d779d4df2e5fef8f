package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;

/** What the weaver says of sites that do not fit. */
final class MisfitSentences {
  private MisfitSentences() {}

  /** The only misfit of one site in a class file. */
  static Misfit misfit(byte[] classFile, String lines) {
    Woven woven = Weaver.weave(classFile, List.of(Taps.site(lines)), "test");
    assertEquals(Optional.empty(), woven.bytes(), () -> woven.reports().get(0).sentence());
    assertEquals(1, woven.misfits().size());
    return woven.misfits().get(0);
  }

  /** The sentence of the only misfit of one site in a class of the class path. */
  static String of(String className, String lines) {
    return misfit(Compiled.onClassPath(className), lines).sentence();
  }
}
