package dev.tapscope.census;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.tap.TensorCodec;
import java.io.PrintStream;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.objectweb.asm.Type;

/**
 * A census of the packages of a model: weaves their classes while they load, and reports what one
 * run has shown. Thread-safe.
 */
public final class Census implements ClassFileTransformer {
  /** Descriptors of the types whose rows are known without a codec. */
  static final Set<String> KNOWN =
      Set.of(
          "[F",
          "[[F",
          "[[[F",
          "Ljava/nio/FloatBuffer;",
          "[Ljava/nio/FloatBuffer;",
          "[[Ljava/nio/FloatBuffer;");

  private final Packages packages;
  private final Set<String> tensors = new HashSet<>(KNOWN);
  private final Predicate<ClassLoader> reachable;
  private final Recorder recorder;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final List<String> notes = new ArrayList<>();
  private int classes;

  /**
   * @param packages whose classes are looked at
   * @param codecs read the model's own tensor types, by class name
   * @param floats how much may be kept
   * @param reachable whether classes of a loader can reach the bridge
   */
  public Census(
      Packages packages,
      Map<String, TensorCodec> codecs,
      long floats,
      Predicate<ClassLoader> reachable,
      PrintStream err) {
    this.packages = packages;
    this.reachable = reachable;
    Map<String, TensorCodec> brief = new HashMap<>();
    codecs.forEach((type, codec) -> {
      tensors.add(Type.getObjectType(type.replace('.', '/')).getDescriptor());
      brief.put(type.substring(type.lastIndexOf('.') + 1), codec);
    });
    this.recorder = new Recorder(brief, floats, err);
  }

  /** What woven calls are linked to. */
  public TapBridge.Linker linker() {
    return recorder;
  }

  @Override
  public byte[] transform(
      Module module,
      ClassLoader loader,
      String name,
      Class<?> redefined,
      ProtectionDomain domain,
      byte[] classFile) {
    if (name == null || !packages.hold(name.replace('/', '.'))) {
      return null;
    }
    try {
      return weave(loader, name.replace('/', '.'), classFile);
    } catch (RuntimeException | LinkageError e) {
      note("Class " + name.replace('/', '.') + " was left out: it could not be woven (" + e + ").");
      return null;
    }
  }

  private synchronized byte[] weave(ClassLoader loader, String name, byte[] classFile) {
    if (!reachable.test(loader)) {
      note("Class " + name + " was left out: its loader does not see dev.tapscope.boot.");
      return null;
    }
    CensusWeaver.Result result = CensusWeaver.weave(classFile, tensors, this::number);
    classes++;
    notes.addAll(result.notes());
    recorder.expect(result.places());
    return result.bytes().orElse(null);
  }

  private int number(String place) {
    return numbers.computeIfAbsent(place, p -> numbers.size() + 1);
  }

  private synchronized void note(String sentence) {
    notes.add(sentence);
  }

  /** Everything seen so far, ready to be written as JSON. */
  public synchronized Map<String, Object> report() {
    return CensusReport.of(packages, classes, recorder.seen(), notes);
  }
}
