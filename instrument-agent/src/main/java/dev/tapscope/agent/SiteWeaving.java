package dev.tapscope.agent;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.ledger.Problem;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.weave.Misfit;
import dev.tapscope.weave.Weaver;
import dev.tapscope.weave.Woven;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Weaves the sites of a profile while their classes load. What goes wrong is collected: the JVM
 * swallows whatever a transformer throws. Thread-safe.
 */
final class SiteWeaving implements ClassFileTransformer {
  private final Profile profile;
  private final boolean strict;
  private final PrintStream err;
  private final Map<String, List<Site>> byClass = new LinkedHashMap<>();
  private final Set<String> woven = ConcurrentHashMap.newKeySet();
  private final Set<Problem> problems = ConcurrentHashMap.newKeySet();

  /**
   * @param strict whether a class is left alone when one of its sites does not fit; otherwise the
   *     sites that fit are woven
   */
  SiteWeaving(Profile profile, boolean strict, PrintStream err) {
    this.profile = profile;
    this.strict = strict;
    this.err = err;
    for (Site site : profile.places()) {
      byClass.computeIfAbsent(internal(site.in().owner()), c -> new ArrayList<>()).add(site);
    }
  }

  /**
   * Weaves, and throws away, the classes a loader can find, before any of them is loaded. What does
   * not fit is told.
   *
   * @return names of the sites that do not fit
   */
  List<String> check(ClassLoader loader) throws IOException {
    List<Misfit> misfits = new ArrayList<>();
    for (Map.Entry<String, List<Site>> e : byClass.entrySet()) {
      try (InputStream in = loader.getResourceAsStream(e.getKey() + ".class")) {
        if (in != null) { // a class only another loader has is judged when it is loaded
          misfits.addAll(Weaver.weave(in.readAllBytes(), e.getValue(), profile.name()).misfits());
        }
      }
    }
    misfits.forEach(m -> report(Problem.check(m.id(), m.sentence())));
    return misfits.stream().map(m -> m.site().name()).toList();
  }

  @Override
  public byte[] transform(
      Module module,
      ClassLoader loader,
      String name,
      Class<?> redefined,
      ProtectionDomain domain,
      byte[] classFile) {
    List<Site> sites = name == null ? List.of() : byClass.getOrDefault(name, List.of());
    if (sites.isEmpty()) {
      return null;
    }
    try {
      return weave(loader, name, sites, classFile).orElse(null);
    } catch (Throwable e) {
      report(
          Problem.failed(
              "weave-failed",
              "Class "
                  + name.replace('/', '.')
                  + " could not be woven ("
                  + e
                  + "), so none of its sites can be tapped. Please report this with the class."));
      return null;
    }
  }

  private Optional<byte[]> weave(
      ClassLoader loader, String name, List<Site> sites, byte[] classFile) {
    String className = name.replace('/', '.');
    if (!seesBridge(loader)) {
      report(
          Problem.check(
              "loader-isolated",
              "Class "
                  + className
                  + " was loaded by "
                  + loader
                  + ", which does not delegate to the bootstrap loader, so woven code could not"
                  + " reach the agent and the class was left alone. Let that loader delegate"
                  + " dev.tapscope.boot."));
      return Optional.empty();
    }
    Woven all = Weaver.weave(classFile, sites, profile.name());
    all.misfits().forEach(m -> report(Problem.check(m.id(), m.sentence())));
    Optional<byte[]> bytes = all.bytes();
    if (!strict && !all.misfits().isEmpty()) {
      List<Site> fitting = new ArrayList<>(sites);
      all.misfits().forEach(m -> fitting.remove(m.site()));
      bytes = Weaver.weave(classFile, fitting, profile.name()).bytes();
    }
    if (bytes.isPresent()) {
      woven.add(className);
    }
    return bytes;
  }

  /** Whether the bridge woven code in that loader would meet is the one the agent talks to. */
  static boolean seesBridge(ClassLoader loader) {
    try {
      return Class.forName(TapBridge.class.getName(), false, loader) == TapBridge.class;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  private void report(Problem problem) {
    if (problems.add(problem)) {
      err.println(strict ? problem.line() : problem.warning());
    }
  }

  /** Whether a class, named as in the profile, was woven. */
  boolean hasWoven(String className) {
    return woven.contains(className);
  }

  /** What went wrong in classes that were loaded. */
  List<Problem> problems() {
    return List.copyOf(problems);
  }

  /** Names of the classes with sites, as the JVM writes them. */
  Set<String> classes() {
    return byClass.keySet();
  }

  private static String internal(String className) {
    return className.replace('.', '/');
  }
}
