package dev.tapscope.agent;

import com.google.common.collect.Sets;
import dev.tapscope.ledger.Problem;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.agent.builder.ResettableClassFileTransformer;

/** Both ways of weaving, installed together and taken out together. */
final class Weaving {
  private final Instrumentation instrumentation;
  private final Witness witness;
  private final SiteWeaving sites;
  private final ScopeWeaving scopes;
  private final ResettableClassFileTransformer scopeTransformer;
  private final Optional<WovenDump> dump;
  private final PrintStream err;

  /**
   * @param dumpFolder where woven classes are written, if anywhere
   */
  Weaving(
      Instrumentation instrumentation,
      SiteWeaving sites,
      ScopeWeaving scopes,
      Optional<Path> dumpFolder,
      PrintStream err) {
    this.instrumentation = instrumentation;
    this.witness = new Witness(Sets.union(sites.classes(), scopes.classes()));
    this.dump = dumpFolder.map(folder -> new WovenDump(folder, witness));
    this.sites = sites;
    this.scopes = scopes;
    this.err = err;
    // In this order each sees what those before it have made of a class.
    instrumentation.addTransformer(witness, true);
    instrumentation.addTransformer(sites, true);
    this.scopeTransformer = scopes.install(instrumentation);
    dump.ifPresent(last -> instrumentation.addTransformer(last, true));
    retransform();
  }

  /** What went wrong in classes that were loaded. */
  List<Problem> problems() {
    return Stream.of(
            sites.problems(), scopes.problems(), dump.map(WovenDump::problems).orElse(List.of()))
        .flatMap(List::stream)
        .toList();
  }

  /** Whether a class, named as in the profile, was loaded and woven. */
  boolean hasWoven(String className) {
    return sites.hasWoven(className);
  }

  /** Gives every class its own code back, and says whether that came about. */
  Undo detach() {
    dump.ifPresent(instrumentation::removeTransformer);
    instrumentation.removeTransformer(sites);
    scopeTransformer.reset(instrumentation, AgentBuilder.RedefinitionStrategy.RETRANSFORMATION);
    retransform(); // with the witness left alone, who sees what the JVM goes on with
    instrumentation.removeTransformer(witness);
    return witness.undo();
  }

  /** Has classes that are already loaded pass the transformers once more. */
  private void retransform() {
    Class<?>[] loaded =
        Arrays.stream(instrumentation.getAllLoadedClasses())
            .filter(c -> witness.classes().contains(c.getName().replace('.', '/')))
            .filter(instrumentation::isModifiableClass)
            .toArray(Class<?>[]::new);
    if (loaded.length == 0) {
      return;
    }
    try {
      instrumentation.retransformClasses(loaded);
    } catch (UnmodifiableClassException e) {
      err.println("tapscope: [weave-failed] Classes already loaded cannot be changed: " + e);
    }
  }
}
