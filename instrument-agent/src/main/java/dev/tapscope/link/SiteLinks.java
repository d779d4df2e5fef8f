package dev.tapscope.link;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.ledger.Problem;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.invoke.MutableCallSite;
import java.util.ArrayList;
import java.util.List;

/**
 * Owns the call sites of all woven calls. A call passes through, at no cost, until the run observes
 * its site; switching is for runs, not for tokens: each switch makes the JVM compile the model's
 * methods again. Thread-safe.
 */
public final class SiteLinks implements TapBridge.Linker {
  private record Linked(Site site, TapPoint point, MutableCallSite callSite) {}

  private final Profile profile;
  private final TapRun run;
  private final PrintStream err;
  private final List<Linked> all = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();

  public SiteLinks(Profile profile, TapRun run, PrintStream err) {
    this.profile = profile;
    this.run = run;
    this.err = err;
    run.whenChanged(this::switchAll);
  }

  @Override
  public synchronized CallSite link(Lookup caller, MethodType type, String from, String name) {
    Site site =
        profile.sites().stream()
            .filter(s -> from.equals(profile.name()) && s.name().equals(name))
            .findFirst()
            .orElseThrow(
                () -> new IllegalStateException("no site " + name + " of profile " + from));
    MutableCallSite callSite = new MutableCallSite(TapBridge.passThrough(type));
    Linked linked = new Linked(site, TapPoint.of(site, caller, type, run), callSite);
    all.add(linked);
    point(linked);
    return callSite;
  }

  @Override
  public synchronized void failed(String from, String site, Throwable cause) {
    Problem problem =
        cause instanceof TapscopeException e
            ? Problem.check(e.id(), "Site " + site + " cannot be tapped: " + e.getMessage())
            : Problem.check(
                "link-failed",
                "Site " + site + " of profile '" + from + "' could not be linked: " + cause);
    problems.add(problem);
    err.println(problem.line());
  }

  /** Sites that could not be linked. */
  public synchronized List<Problem> problems() {
    return List.copyOf(problems);
  }

  private synchronized void switchAll() {
    all.forEach(this::point);
    MutableCallSite.syncAll(all.stream().map(Linked::callSite).toArray(MutableCallSite[]::new));
  }

  private void point(Linked linked) {
    MethodType type = linked.callSite().type();
    linked
        .callSite()
        .setTarget(
            run.observes(linked.site().name())
                ? linked.point().live(type)
                : TapBridge.passThrough(type));
  }
}
