package dev.tapscope.agent;

import dev.tapscope.tap.Extension;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** Finds the SAE runtime, which needs a newer Java than the agent, and makes it ready. */
final class ExtensionLoader {
  /** The Java the runtime is compiled for. */
  private static final int JAVA = 25;

  private static final String JAR = "tapscope-runtime.jar";

  private ExtensionLoader() {}

  /**
   * Loads the runtime in a class loader of its own.
   *
   * @param path where it lies, if stated
   * @throws TapscopeException {@code java-version}, {@code runtime-missing}, {@code
   *     runtime-unusable}
   */
  static Extension load(Optional<Path> path) {
    if (Runtime.version().feature() < JAVA) {
      throw TapscopeException.failed(
          "java-version",
          "SAEs, edits and streams need Java "
              + JAVA
              + ", and this is Java "
              + Runtime.version()
              + ". Start the model with a newer Java, or only capture: capture=... works here.");
    }
    Path jar = path.orElseGet(ExtensionLoader::besideTheAgent);
    if (!Files.isRegularFile(jar)) {
      throw TapscopeException.failed(
          "runtime-missing",
          "SAEs, edits and streams need the SAE runtime, and there is no file "
              + jar.toAbsolutePath()
              + ". Build it (mvn package), put "
              + JAR
              + " beside the agent jar, or give its path as runtime=PATH.");
    }
    return first(jar);
  }

  private static Path besideTheAgent() {
    Path folder = AgentJar.path().toAbsolutePath().getParent();
    Path beside = folder.resolve(JAR);
    Path checkout =
        folder.resolve("../../sae-runtime/target").resolve(JAR).toAbsolutePath().normalize();
    return List.of(beside, checkout).stream()
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(beside);
  }

  // The loader lives as long as the JVM: the runtime's classes come from it to the end.
  @SuppressWarnings("resource")
  private static Extension first(Path jar) {
    try {
      RuntimeLoader loader =
          new RuntimeLoader(
              new URL[] {jar.toUri().toURL()}, ExtensionLoader.class.getClassLoader());
      Iterator<Extension> found = ServiceLoader.load(Extension.class, loader).iterator();
      if (found.hasNext()) {
        return found.next();
      }
      throw unusable(jar, "it names no " + Extension.class.getName() + " under META-INF/services");
    } catch (IOException | ServiceConfigurationError | LinkageError e) {
      throw unusable(jar, e.toString());
    }
  }

  private static TapscopeException unusable(Path jar, String why) {
    return TapscopeException.failed(
        "runtime-unusable",
        "The SAE runtime "
            + jar.toAbsolutePath()
            + " cannot be used: "
            + why
            + ". Build runtime and agent from the same version.");
  }
}
