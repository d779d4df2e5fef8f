package dev.tapscope.junit;

import static org.junit.platform.commons.support.AnnotationSupport.findAnnotation;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Taps;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** What {@link Tapped} does. */
final class TappedExtension implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
  private static final Namespace HERE = Namespace.create(TappedExtension.class);

  /**
   * The run of one test.
   *
   * @param counted fires of every address of the sites whose fires are counted
   */
  private record Open(Run run, FireCounts counts, Map<Address, Long> counted) {}

  @Override
  public void beforeEach(ExtensionContext context) {
    Tapped tapped = tapped(context);
    FireCounts counts = FireCounts.parse(tapped.fires());
    Run run = tapped.profile().isEmpty() ? Taps.open() : Taps.open(tapped.profile());
    Map<Address, Long> counted = new ConcurrentHashMap<>();
    context.getStore(HERE).put(Run.class, new Open(run, counts, counted));
    for (String sites : tapped.sites()) {
      run.on(sites, Phase.READ_AFTER, a -> {});
    }
    for (String site : counts.sites()) {
      run.watch(site, a -> counted.merge(a.address(), 1L, Long::sum));
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    Optional<Open> open = Optional.ofNullable(context.getStore(HERE).remove(Run.class, Open.class));
    if (open.isEmpty()) {
      return; // it could not be opened, which has failed the test
    }
    List<String> differences = open.get().counts().differences(open.get().counted());
    AssertionError wrongCounts =
        new AssertionError(
            String.join("; ", differences)
                + ". Correct the model, its profile, or the test's 'fires'.");
    try (Run run = open.get().run()) {
      if (!differences.isEmpty()) {
        throw wrongCounts;
      }
    }
  }

  private static Tapped tapped(ExtensionContext context) {
    Optional<ExtensionContext> place = Optional.of(context);
    while (place.isPresent()) { // the method, its class, the classes around that
      Optional<Tapped> found = findAnnotation(place.get().getElement(), Tapped.class);
      if (found.isPresent()) {
        return found.get();
      }
      place = place.get().getParent();
    }
    throw new IllegalStateException("TappedExtension comes with the annotation @Tapped");
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Run.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return Optional.ofNullable(context.getStore(HERE).get(Run.class, Open.class))
        .map(Open::run)
        .orElseThrow(() ->
            TapscopeException.usage(
                "tapped-scope",
                "A Run belongs to one test: ask for it in a test method or @BeforeEach, not in a"
                    + " constructor or @BeforeAll."));
  }
}
