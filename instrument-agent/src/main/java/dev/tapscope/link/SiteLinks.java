package dev.tapscope.link;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.ledger.Problem;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.run.Runs;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.invoke.MutableCallSite;
import java.util.ArrayList;
import java.util.List;

/**
 * Owns the call sites of all woven calls. A call passes through, at no cost, until a run observes
 * its site; switching is for runs, not for tokens: each switch makes the JVM compile the model's
 * methods again. Thread-safe.
 */
public final class SiteLinks {
  /** A woven call and what it does when it is live. */
  private static final class Linked {
    private final Site site;
    private final MutableCallSite callSite;
    private final MethodHandle off;
    private final MethodHandle live;
    private boolean on;

    Linked(Site site, MutableCallSite callSite, MethodHandle live) {
      this.site = site;
      this.callSite = callSite;
      this.off = callSite.getTarget();
      this.live = live;
    }
  }

  private final Profile profile;
  private final Runs runs;
  private final PrintStream err;
  private final List<Linked> all = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();

  public SiteLinks(Profile profile, Runs runs, PrintStream err) {
    this.profile = profile;
    this.runs = runs;
    this.err = err;
    runs.whenChanged(this::switchAll);
  }

  /** Makes the call site of a woven tap. Not under the lock: it loads classes and codecs. */
  public CallSite link(Lookup caller, MethodType type, String place) {
    Site site = site(place);
    MutableCallSite callSite = new MutableCallSite(TapBridge.passThrough(type));
    return add(new Linked(site, callSite, TapPoint.live(site, caller, type, runs)));
  }

  /** Makes the call site that stands in the place of a call. */
  public CallSite linkAround(Lookup caller, MethodType type, String place, MethodHandle callee) {
    Site site = site(place);
    MutableCallSite callSite = new MutableCallSite(TapBridge.plainCall(type, callee));
    return add(new Linked(site, callSite, AroundPoint.live(site, caller, type, callee, runs)));
  }

  private Site site(String place) {
    return profile
        .place(place)
        .orElseThrow(() -> new IllegalStateException("no site " + place + " in " + profile.name()));
  }

  private synchronized CallSite add(Linked linked) {
    all.add(linked);
    point(linked);
    return linked.callSite;
  }

  /** Remembers and tells that a tap could not be linked. */
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
    MutableCallSite[] switched =
        all.stream().filter(this::point).map(l -> l.callSite).toArray(MutableCallSite[]::new);
    if (switched.length > 0) {
      MutableCallSite.syncAll(switched);
    }
  }

  /** Switches a call on or off; tells whether that was a change. */
  private boolean point(Linked linked) {
    boolean wanted = runs.observes(linked.site);
    if (wanted == linked.on) {
      return false;
    }
    linked.on = wanted;
    linked.callSite.setTarget(wanted ? linked.live : linked.off);
    return true;
  }
}
