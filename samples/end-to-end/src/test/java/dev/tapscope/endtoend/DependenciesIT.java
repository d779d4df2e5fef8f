package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The arrows between the modules point one way. */
class DependenciesIT {
  private static final String MODEL = "samples/gemma2";

  /** Every module with the modules it may use. */
  private static final Map<String, Set<String>> ARROWS =
      Map.of(
          "test-fixtures",
          Set.of(),
          "instrument-agent",
          Set.of(),
          "cuda-kernels",
          Set.of(),
          "sae-runtime",
          Set.of("instrument-agent", "cuda-kernels"),
          MODEL,
          Set.of(),
          "samples/jlama",
          Set.of("instrument-agent"));

  private static final Map<String, JavaClasses> CLASSES = new TreeMap<>();

  static Stream<Arguments> arrows() {
    return ARROWS.entrySet().stream().map(arrow -> Arguments.of(arrow.getKey(), arrow.getValue()));
  }

  @ParameterizedTest
  @MethodSource("arrows")
  void aModuleUsesOnlyWhatItMay(String module, Set<String> allowed) {
    Set<String> forbidden = new TreeSet<>();
    for (String other : ARROWS.keySet()) {
      if (!other.equals(module) && !allowed.contains(other)) {
        classes(other).forEach(c -> forbidden.add(c.getName()));
      }
    }
    Set<String> found = new TreeSet<>();
    for (JavaClass user : classes(module)) {
      user.getDirectDependenciesFromSelf().stream()
          .filter(dependency -> forbidden.contains(dependency.getTargetClass().getName()))
          .forEach(dependency -> found.add(dependency.getDescription()));
    }
    assertEquals(Set.of(), found);
  }

  /** Two modules that share a package would lie in two class loaders at run time. */
  @Test
  void noPackageIsSplitOverModules() {
    Map<String, Set<String>> modules = new TreeMap<>();
    for (String module : ARROWS.keySet()) {
      classes(module)
          .forEach(
              c -> modules.computeIfAbsent(c.getPackageName(), p -> new TreeSet<>()).add(module));
    }
    modules.values().removeIf(owners -> owners.size() == 1);
    assertEquals(Map.of(), modules);
  }

  @Test
  void theModelUsesTheJdkAlone() {
    Set<String> found = new TreeSet<>();
    for (JavaClass user : classes(MODEL)) {
      user.getDirectDependenciesFromSelf().stream()
          .map(dependency -> dependency.getTargetClass().getBaseComponentType())
          .filter(used -> !used.isPrimitive())
          .map(JavaClass::getPackageName)
          .filter(used -> Stream.of("java.", "jdk.", "gemma2.").noneMatch(used::startsWith))
          .forEach(found::add);
    }
    found.remove("com.sun.management"); // of the JDK too: what its bench has allocated
    assertEquals(Set.of(), found);
  }

  /** Jlama is run as anybody would run it; the codec alone speaks to the taps. */
  @Test
  void theJlamaSampleKnowsTapsInItsCodecAlone() {
    List<String> users =
        classes("samples/jlama").stream()
            .filter(user ->
                user.getDirectDependenciesFromSelf().stream()
                    .anyMatch(d -> d.getTargetClass().getPackageName().equals("dev.tapscope.tap")))
            .map(JavaClass::getSimpleName)
            .toList();
    assertEquals(List.of("JlamaCodec"), users);
  }

  @Test
  void theAgentKnowsNothingOfSaes() {
    List<String> names =
        classes("instrument-agent").stream()
            .map(JavaClass::getSimpleName)
            .filter(name -> name.contains("Sae"))
            .toList();
    assertEquals(List.of(), names);
  }

  private static synchronized JavaClasses classes(String module) {
    JavaClasses classes =
        CLASSES.computeIfAbsent(
            module, m -> new ClassFileImporter().importPath(Packaged.classes(m)));
    assertFalse(classes.isEmpty(), () -> module + " has no classes");
    return classes;
  }
}
