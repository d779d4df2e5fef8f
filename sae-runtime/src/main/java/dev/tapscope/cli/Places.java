package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the jars lie. The start script names them; a jar that is not there is missed only by a
 * command that needs it.
 *
 * @param agent the agent jar
 * @param runtime the jar the agent loads for SAEs and edits
 * @param gemma2 the Gemma 2 sample
 */
record Places(Path agent, Path runtime, Path gemma2) {
  static Places ofProcess() {
    Path root = Path.of(System.getProperty("tapscope.root", "."));
    return new Places(
        place("tapscope.agent", root, "instrument-agent/target/tapscope-agent.jar"),
        place("tapscope.runtime", root, "sae-runtime/target/tapscope-runtime.jar"),
        place("tapscope.gemma2", root, "samples/gemma2/target/gemma2.jar"));
  }

  private static Path place(String property, Path root, String usual) {
    String named = System.getProperty(property, "");
    return (named.isEmpty() ? root.resolve(usual) : Path.of(named)).toAbsolutePath().normalize();
  }

  /**
   * The jar, which must be there.
   *
   * @throws TapscopeException {@code jar-missing}
   */
  static Path require(Path jar, String what, String module) {
    if (!Files.isRegularFile(jar)) {
      throw TapscopeException.failed(
          "jar-missing",
          "The "
              + what
              + " is not at "
              + jar
              + ". Build it in the checkout with: mvn -q -DskipTests -pl "
              + module
              + " -am package");
    }
    return jar;
  }

  /** The {@code java} this process runs on, for the processes it starts. */
  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }
}
