package dev.tapscope.agent;

import dev.tapscope.ledger.Problem;
import dev.tapscope.link.SiteLinks;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileSource;
import dev.tapscope.profile.Site;
import dev.tapscope.run.Runs;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** One profile in this JVM: its classes woven, their call sites, the runs over them. */
final class TappedModel {
  private final ProfileSource source;
  private final Runs runs;
  private final SiteLinks links;
  private final SiteWeaving sites;
  private final ScopeWeaving scopes;
  private final PrintStream err;
  private Optional<Weaving> weaving = Optional.empty();

  /**
   * Checks the classes that can be found now; weaves nothing yet.
   *
   * @throws TapscopeException {@code profile-misfit}
   */
  TappedModel(ProfileSource source, boolean strict, PrintStream err) throws IOException {
    this.source = source;
    this.err = err;
    Profile profile = source.profile();
    this.sites = new SiteWeaving(profile, strict, err);
    this.scopes = new ScopeWeaving(profile, err);
    check(profile, strict);
    this.runs = new Runs(profile, err);
    this.links = new SiteLinks(profile, runs, err);
    runs.broken(strict ? this::broken : List::of);
  }

  private void check(Profile profile, boolean strict) throws IOException {
    List<String> misfits = sites.check(ClassLoader.getSystemClassLoader());
    boolean blind = misfits.contains(Site.TOKENS);
    if (blind || strict && !misfits.isEmpty()) {
      throw TapscopeException.check(
          "profile-misfit",
          misfits.size()
              + " of the "
              + profile.sites().size()
              + " sites of profile '"
              + profile.name()
              + "' do not fit the classes on the class path, as said above; nothing was run."
              + (blind
                  ? " Without 'tokens' no value can be given a token: correct the profile."
                  : " Correct the profile, or give strict=false to go on with the sites that"
                      + " fit."));
    }
  }

  private List<Problem> broken() {
    return Stream.of(sites.problems(), scopes.problems(), links.problems())
        .flatMap(List::stream)
        .toList();
  }

  /**
   * Has the classes woven as they load, and those already loaded now.
   *
   * @param dump where woven classes are written, if anywhere
   */
  Weaving weave(Instrumentation instrumentation, Optional<Path> dump) {
    Weaving now = new Weaving(instrumentation, sites, scopes, dump, err);
    weaving = Optional.of(now);
    runs.woven(now::hasWoven);
    return now;
  }

  /** Gives every class its own code back, and says whether that came about. */
  Optional<Undo> detach() {
    Optional<Undo> undo = weaving.map(Weaving::detach);
    weaving = Optional.empty();
    return undo;
  }

  ProfileSource source() {
    return source;
  }

  Runs runs() {
    return runs;
  }

  SiteLinks links() {
    return links;
  }

  /** Whether both tap a class, which can carry the taps of one profile only. */
  boolean overlaps(TappedModel other) {
    return !Collections.disjoint(sites.classes(), other.sites.classes());
  }
}
