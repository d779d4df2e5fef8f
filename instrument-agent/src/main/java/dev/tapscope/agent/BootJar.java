package dev.tapscope.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/** Puts the bridge, and nothing else of the agent, on the bootstrap class path. */
final class BootJar {
  private static final String PACKAGE = "dev/tapscope/boot/";

  private static volatile Optional<Path> copy = Optional.empty();

  private BootJar() {}

  static void install(Instrumentation instrumentation) throws IOException {
    Path jar = Files.createTempFile("tapscope-boot", ".jar");
    jar.toFile().deleteOnExit();
    copy = Optional.of(jar);
    try (JarFile agent = new JarFile(AgentJar.path().toFile());
        OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file)) {
      for (JarEntry entry : agent.stream().toList()) {
        if (entry.getName().startsWith(PACKAGE) && entry.getName().endsWith(".class")) {
          out.putNextEntry(new JarEntry(entry.getName()));
          try (InputStream in = agent.getInputStream(entry)) {
            in.transferTo(out);
          }
          out.closeEntry();
        }
      }
    }
    instrumentation.appendToBootstrapClassLoaderSearch(new JarFile(jar.toFile()));
  }

  /** For an end without the JVM's own cleaning up. */
  static void delete() {
    copy.ifPresent(jar -> jar.toFile().delete());
  }
}
