package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.collect.ImmutableList;
import dev.tapscope.boot.TapBridge;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.commons.util.ReflectionUtils;
import org.objectweb.asm.ClassReader;

/** Every site of classes nobody wrote for us: all must pass the JVM's own verifier. */
class LibrariesTest {
  /** What a site made by rote may lack; damage to a class is not among it. */
  private static final Set<String> REFUSALS =
      Set.of(
          "arg-missing",
          "before-super",
          "exit-missing",
          "local-missing",
          "method-size",
          "return-missing",
          "slot-missing",
          "value-type",
          "around-call",
          "this-missing",
          "stack-missing");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "com.google.common.collect.ImmutableList",
        "com.google.common.collect.TreeRangeMap",
        "com.google.common.base.Joiner",
        "com.google.common.base.Splitter",
        "org.junit.platform.commons.util.ReflectionUtils",
        "org.junit.jupiter.api.AssertArrayEquals",
      })
  void everySiteOfAClassIsWovenAndVerified(String name) {
    TapBridge.linkWith(null);
    Map<String, byte[]> woven = new HashMap<>();
    int sites = weave(Compiled.onClassPath(name), woven);
    assertTrue(sites > 20, sites + " sites");
    assertEquals("", complaint(name, new WovenLoader(woven)));
  }

  @Test
  @Tag("full")
  void everySiteOfEveryClassOfGuavaAndJUnit() throws Exception {
    TapBridge.linkWith(null);
    Map<String, byte[]> woven = new HashMap<>();
    int sites = 0;
    for (Class<?> member : List.of(ImmutableList.class, ReflectionUtils.class, Assertions.class)) {
      for (byte[] bytes : jar(member)) {
        sites += weave(bytes, woven);
      }
    }
    WovenLoader loader = new WovenLoader(woven);
    StringBuilder complaints = new StringBuilder();
    woven.keySet().forEach(name -> complaints.append(complaint(name, loader)));
    System.out.println("Wove " + sites + " sites into " + woven.size() + " classes.");
    assertEquals("", complaints.toString());
    assertTrue(woven.size() > 1000, woven.size() + " classes");
  }

  private static int weave(byte[] bytes, Map<String, byte[]> woven) {
    EverySite every = EverySite.of(bytes);
    assertTrue(REFUSALS.containsAll(every.refused().keySet()), every.refused().toString());
    if (every.fitting().isEmpty()) {
      return 0;
    }
    Woven result = Weaver.weave(bytes, every.fitting(), "test");
    assertEquals(List.of(), result.misfits());
    woven.put(
        new ClassReader(bytes).getClassName().replace('/', '.'), result.bytes().orElseThrow());
    return every.fitting().size();
  }

  /** What the JVM says when the class is linked; a class that lacks its libraries says nothing. */
  private static String complaint(String name, ClassLoader loader) {
    try {
      Class.forName(name, true, loader);
      return "";
    } catch (VerifyError | ClassFormatError e) {
      return name + ": " + e + "\n";
    } catch (NoClassDefFoundError | ExceptionInInitializerError lacking) {
      return "";
    } catch (ClassNotFoundException e) {
      return name + " is not there\n";
    }
  }

  private static List<byte[]> jar(Class<?> member) throws IOException {
    String path = member.getProtectionDomain().getCodeSource().getLocation().getPath();
    try (JarFile jar = new JarFile(Path.of(path).toFile())) {
      return jar.stream()
          .filter(entry -> entry.getName().endsWith(".class"))
          .filter(entry -> !entry.getName().contains("-info") && !entry.getName().contains("META"))
          .map(entry -> {
            try {
              return jar.getInputStream(entry).readAllBytes();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          })
          .toList();
    }
  }

  /** Woven classes and, unwoven but of this loader too, the rest of their packages. */
  private static final class WovenLoader extends ClassLoader {
    private final Map<String, byte[]> woven;

    WovenLoader(Map<String, byte[]> woven) {
      super(LibrariesTest.class.getClassLoader());
      this.woven = woven;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded != null) {
          return loaded;
        }
        boolean own = name.startsWith("com.google.common.") || name.startsWith("org.junit.");
        if (!own || getResource(name.replace('.', '/') + ".class") == null) {
          return super.loadClass(name, resolve);
        }
        byte[] bytes = woven.containsKey(name) ? woven.get(name) : Compiled.onClassPath(name);
        return defineClass(name, bytes, 0, bytes.length);
      }
    }
  }
}
