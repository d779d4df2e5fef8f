package dev.tapscope.agent;

import static net.bytebuddy.matcher.ElementMatchers.isConstructor;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.none;

import dev.tapscope.ledger.Problem;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Profile;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.agent.builder.ResettableClassFileTransformer;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.description.method.ParameterDescription;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.DynamicType;
import net.bytebuddy.dynamic.scaffold.MethodGraph;
import net.bytebuddy.matcher.ElementMatcher;
import net.bytebuddy.utility.JavaModule;

/**
 * Weaves what is about whole methods: the scope of a pass, the construction of the model's own
 * token decoder, the status the JVM is ended with. Scopes need exception handlers, which the taps
 * never do, so these are ByteBuddy's part. It must be installed after the taps: it moves locals
 * that taps name by slot.
 */
final class ScopeWeaving {
  /** Off, ByteBuddy neither defines a class by Unsafe nor lets the JDK warn about that. */
  private static final String NEXUS_DISABLED = "net.bytebuddy.nexus.disabled";

  private final Profile profile;
  private final PrintStream err;
  private final Set<Problem> problems = ConcurrentHashMap.newKeySet();

  ScopeWeaving(Profile profile, PrintStream err) {
    this.profile = profile;
    this.err = err;
    if (profile.passes().stream().anyMatch(method -> method.name().equals("<init>"))) {
      throw TapscopeException.check(
          "tokens-constructor",
          "Profile '"
              + profile.name()
              + "' taps 'tokens' in a constructor, which is not a pass of a model: name the method"
              + " that computes it.");
    }
  }

  ResettableClassFileTransformer install(Instrumentation instrumentation) {
    String before = System.setProperty(NEXUS_DISABLED, "true");
    try {
      AgentBuilder builder =
          new AgentBuilder.Default(
                  new ByteBuddy().with(MethodGraph.Compiler.ForDeclaredMethods.INSTANCE))
              .with(AgentBuilder.TypeStrategy.Default.DECORATE)
              .disableClassFormatChanges()
              .with(AgentBuilder.RedefinitionStrategy.RETRANSFORMATION)
              .with(AgentBuilder.DescriptionStrategy.Default.POOL_ONLY)
              .with(new Failures())
              .ignore(none());
      for (MethodRef method : profile.passes()) {
        builder =
            builder
                .type(named(method.owner()))
                .transform((type, description, loader, module, domain) ->
                    passScope(type, description, method));
      }
      builder =
          builder
              .type(named(Runtime.class.getName()))
              .transform((type, description, loader, module, domain) ->
                  type.visit(Advice.to(ExitAdvice.class).on(named("exit"))));
      if (profile.text().isPresent()) {
        builder =
            builder
                .type(named(profile.text().get().owner()))
                .transform((type, description, loader, module, domain) ->
                    type.visit(Advice.to(DecoderAdvice.class).on(isConstructor())));
      }
      return builder.installOn(instrumentation);
    } finally {
      if (before == null) {
        System.clearProperty(NEXUS_DISABLED);
      } else {
        System.setProperty(NEXUS_DISABLED, before);
      }
    }
  }

  /** Names of the classes it weaves, as the JVM writes them. */
  Set<String> classes() {
    Set<String> classes = new HashSet<>();
    profile.passes().forEach(pass -> classes.add(pass.owner().replace('.', '/')));
    classes.add(Runtime.class.getName().replace('.', '/'));
    profile.text().ifPresent(decoder -> classes.add(decoder.owner().replace('.', '/')));
    return classes;
  }

  private DynamicType.Builder<?> passScope(
      DynamicType.Builder<?> type, TypeDescription description, MethodRef method) {
    ElementMatcher<MethodDescription> here = candidate -> is(candidate, method);
    int found = description.getDeclaredMethods().filter(here).size();
    if (found != 1) {
      report(
          Problem.check(
              "pass-scope",
              "The end of a pass cannot be seen: "
                  + found
                  + " methods fit "
                  + method
                  + ", and exactly one must. Write its parameter types in full."));
      return type;
    }
    return type.visit(
        Advice.withCustomMapping()
            .bind(PassAdvice.OfProfile.class, profile.name())
            .to(PassAdvice.class)
            .on(here));
  }

  private static boolean is(MethodDescription candidate, MethodRef method) {
    return candidate.getInternalName().equals(method.name())
        && !candidate.isBridge()
        && method.parameters().map(p -> fits(candidate, p)).orElse(true);
  }

  private static boolean fits(MethodDescription candidate, List<String> parameters) {
    List<String> actual =
        candidate.getParameters().stream()
            .map(ParameterDescription::getType)
            .map(type -> type.asErasure().getActualName())
            .toList();
    if (actual.size() != parameters.size()) {
      return false;
    }
    for (int i = 0; i < actual.size(); i++) {
      String full = actual.get(i).replace('$', '.');
      String given = parameters.get(i).replace('$', '.').replace("...", "[]");
      if (!full.equals(given) && !full.endsWith("." + given)) {
        return false;
      }
    }
    return true;
  }

  private void report(Problem problem) {
    if (problems.add(problem)) {
      err.println(problem.line());
    }
  }

  /** What went wrong in classes that were loaded. */
  List<Problem> problems() {
    return List.copyOf(problems);
  }

  /** Hears of exceptions, which would otherwise leave a class without its scope in silence. */
  private final class Failures extends AgentBuilder.Listener.Adapter {
    @Override
    public void onError(
        String typeName, ClassLoader loader, JavaModule module, boolean loaded, Throwable cause) {
      report(
          Problem.failed(
              "weave-failed",
              "The scope of a pass could not be woven into "
                  + typeName
                  + " ("
                  + cause
                  + "), so the ends of passes cannot be seen. Please report this with the class."));
    }
  }
}
