package dev.tapscope.agent;

import dev.tapscope.ledger.Problem;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.agent.builder.ResettableClassFileTransformer;

/** Both ways of weaving, installed together and taken out together. */
final class Weaving {
  private final Instrumentation instrumentation;
  private final SiteWeaving sites;
  private final ScopeWeaving scopes;
  private final ResettableClassFileTransformer scopeTransformer;
  private final PrintStream err;

  Weaving(
      Instrumentation instrumentation, SiteWeaving sites, ScopeWeaving scopes, PrintStream err) {
    this.instrumentation = instrumentation;
    this.sites = sites;
    this.scopes = scopes;
    this.err = err;
    instrumentation.addTransformer(sites, true);
    this.scopeTransformer = scopes.install(instrumentation);
    retransform();
  }

  /** What went wrong in classes that were loaded. */
  List<Problem> problems() {
    return Stream.concat(sites.problems().stream(), scopes.problems().stream()).toList();
  }

  /** Whether a class, named as in the profile, was loaded and woven. */
  boolean hasWoven(String className) {
    return sites.hasWoven(className);
  }

  /** Gives every class its own code back. */
  void detach() {
    instrumentation.removeTransformer(sites);
    scopeTransformer.reset(instrumentation, AgentBuilder.RedefinitionStrategy.RETRANSFORMATION);
    retransform();
  }

  /** Has classes that are already loaded pass the transformers once more. */
  private void retransform() {
    Class<?>[] loaded =
        Arrays.stream(instrumentation.getAllLoadedClasses())
            .filter(c -> sites.classes().contains(c.getName().replace('.', '/')))
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
