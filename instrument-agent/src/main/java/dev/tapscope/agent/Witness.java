package dev.tapscope.agent;

import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Sees the class files of some classes as the JVM hands them to the first transformer, and changes
 * none. Whatever it sees once every other transformer of the agent is gone is what the JVM puts in
 * the place of the woven code: an end of weaving can be proved. Thread-safe.
 */
final class Witness implements ClassFileTransformer {
  /** What was seen of one class of one loader. */
  private static final class Sight {
    final byte[] original;
    byte[] latest;

    Sight(byte[] original) {
      this.original = original;
      this.latest = original;
    }
  }

  private final Set<String> classes;
  private final Map<String, Sight> sights = new TreeMap<>();

  /**
   * @param classes names as the JVM writes them
   */
  Witness(Set<String> classes) {
    this.classes = Set.copyOf(classes);
  }

  @Override
  public synchronized byte[] transform(
      Module module,
      ClassLoader loader,
      String name,
      Class<?> redefined,
      ProtectionDomain domain,
      byte[] classFile) {
    if (name != null && classes.contains(name)) {
      sights.computeIfAbsent(key(loader, name), key -> new Sight(classFile.clone())).latest =
          classFile.clone();
    }
    return null;
  }

  private static String key(ClassLoader loader, String name) {
    return name.replace('/', '.') + "@" + System.identityHashCode(loader);
  }

  Set<String> classes() {
    return classes;
  }

  /** The class file of a class before any tap. */
  synchronized Optional<byte[]> original(ClassLoader loader, String name) {
    return Optional.ofNullable(sights.get(key(loader, name))).map(sight -> sight.original);
  }

  /** Compares what is there now with what was there first. */
  synchronized Undo undo() {
    Map<String, String> restored = new TreeMap<>();
    Map<String, String> changed = new TreeMap<>();
    sights.forEach((key, sight) -> {
      String name = key.substring(0, key.lastIndexOf('@'));
      if (Arrays.equals(sight.original, sight.latest)) {
        restored.put(name, Hash.sha256(sight.original));
      } else {
        changed.put(
            name, Hash.sha256(sight.original) + " before, " + Hash.sha256(sight.latest) + " now");
      }
    });
    return new Undo(restored, changed);
  }
}
