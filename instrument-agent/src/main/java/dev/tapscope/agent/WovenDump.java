package dev.tapscope.agent;

import dev.tapscope.hooks.ClassDump;
import dev.tapscope.hooks.WovenClass;
import dev.tapscope.ledger.Problem;
import dev.tapscope.tap.TapscopeException;
import java.lang.instrument.ClassFileTransformer;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Writes classes as the last transformer of the agent finds them, with what the first had found:
 * all that weaving did, taps and scopes. Thread-safe.
 */
final class WovenDump implements ClassFileTransformer {
  private final ClassDump dump;
  private final Witness witness;
  private final Set<Problem> problems = ConcurrentHashMap.newKeySet();

  WovenDump(Path folder, Witness witness) {
    this.dump = new ClassDump(folder);
    this.witness = witness;
  }

  @Override
  public byte[] transform(
      Module module,
      ClassLoader loader,
      String name,
      Class<?> redefined,
      ProtectionDomain domain,
      byte[] classFile) {
    if (name != null && witness.classes().contains(name)) {
      try {
        witness
            .original(loader, name)
            .filter(original -> !Arrays.equals(original, classFile))
            .ifPresent(original ->
                dump.write(new WovenClass(name.replace('/', '.'), original, classFile)));
      } catch (TapscopeException e) {
        problems.add(Problem.of(e));
      } catch (RuntimeException | LinkageError e) {
        problems.add(
            Problem.failed("dump-failed", "Class " + name + " could not be written: " + e));
      }
    }
    return null;
  }

  List<Problem> problems() {
    return List.copyOf(problems);
  }
}
