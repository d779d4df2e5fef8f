package dev.tapscope.testing;

import dev.tapscope.agent.TapscopeAgent;
import java.io.InputStream;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A second agent and a main of its own: runs the model woven, detaches the taps, runs it again, and
 * says whether the classes have their own bytes back.
 */
public final class Probe implements ClassFileTransformer {
  private static final List<String> CLASSES =
      List.of(
          "targets/TinyModel",
          "targets/TinyModel$Block",
          "targets/TinyModel$Sampler",
          "targets/TinyModel$Vocabulary");

  private static final Map<String, byte[]> seen = new ConcurrentHashMap<>();
  private static volatile Instrumentation instrumentation;

  public static void premain(String options, Instrumentation given) {
    instrumentation = given;
    given.addTransformer(new Probe(), true);
  }

  @Override
  public byte[] transform(
      Module module,
      ClassLoader loader,
      String name,
      Class<?> redefined,
      ProtectionDomain domain,
      byte[] classFile) {
    if (CLASSES.contains(name)) {
      seen.put(name, classFile.clone());
    }
    return null;
  }

  public static void main(String[] arguments) throws Exception {
    targets.TinyModel.main(arguments);
    report("woven");
    TapscopeAgent.detach();
    for (String name : CLASSES) {
      instrumentation.retransformClasses(Class.forName(name.replace('/', '.')));
    }
    report("detached");
    targets.TinyModel.main(arguments);
  }

  private static void report(String state) throws Exception {
    for (String name : CLASSES) {
      try (InputStream in = ClassLoader.getSystemResourceAsStream(name + ".class")) {
        boolean same = Arrays.equals(in.readAllBytes(), seen.get(name));
        System.out.println(state + " " + name + (same ? " original" : " changed"));
      }
    }
  }
}
