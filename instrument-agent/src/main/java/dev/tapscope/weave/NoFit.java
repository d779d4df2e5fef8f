package dev.tapscope.weave;

import org.objectweb.asm.tree.MethodNode;

/** Ends the search for a site's place: what a {@link Misfit} says, raised where it is found. */
final class NoFit extends RuntimeException {
  private final String id;

  NoFit(String id, String sentence) {
    super(sentence, null, false, false);
    this.id = id;
  }

  /** The code of a method runs into something that no compiler writes. */
  static NoFit unfollowed(MethodNode method, Exception cause) {
    return new NoFit(
        "class-file",
        "The code of "
            + method.name
            + " cannot be followed ("
            + cause
            + "); the class file is damaged or no JVM would verify it.");
  }

  String id() {
    return id;
  }
}
