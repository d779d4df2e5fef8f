package dev.tapscope.agent;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.capture.Capture;
import dev.tapscope.folder.NoFolder;
import dev.tapscope.folder.RunDirectory;
import dev.tapscope.link.SiteLinks;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Selection;
import dev.tapscope.profile.Site;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.Optional;

/**
 * Everything between the JVM's start and the model's {@code main}: options, profile, the check of
 * the classes that can be found, weaving, the run and its folder, capture, the SAE runtime. Without
 * a capture, an SAE or an edit the taps are woven and off.
 */
final class Launch {
  private final Weaving weaving;

  private Launch(Weaving weaving) {
    this.weaving = weaving;
  }

  /** Ends the JVM when the run cannot go as asked. */
  static Optional<Launch> run(Optional<String> optionText, Instrumentation instrumentation) {
    PrintStream err = System.err; // the model may put another one in its place
    try {
      return Optional.of(start(AgentOptions.parse(optionText), instrumentation, err));
    } catch (TapscopeException e) {
      err.println(e.line());
      System.exit(e.exit());
    } catch (IOException | RuntimeException | Error e) {
      err.println("tapscope: [agent-failed] The agent could not start; nothing was run: " + e);
      e.printStackTrace(err);
      System.exit(TapscopeException.FAILED);
    }
    return Optional.empty();
  }

  private static Launch start(
      AgentOptions options, Instrumentation instrumentation, PrintStream err) throws IOException {
    ProfileSource source = ProfileSource.find(options.profile());
    Profile profile = source.profile();
    options.capture().ifPresent(sites -> Selection.parse(sites, profile));
    SiteWeaving sites = new SiteWeaving(profile, options.strict(), err);
    ScopeWeaving scopes = new ScopeWeaving(profile, err);
    check(sites, profile, options.strict());

    Optional<RunDirectory> directory =
        options
            .out()
            .map(out -> RunDirectory.create(out, options.overwrite(), options.shardBytes()));
    try {
      RunFolder folder = directory.isPresent() ? directory.get() : new NoFolder();
      Ending ending = new Ending(options, source, directory, err);
      TapRun run = new TapRun(profile, folder, err, ending::fatal);
      SiteLinks links = new SiteLinks(profile, run, err);
      TapBridge.linkWith(links);
      TapBridge.reportTo(run);
      Weaving weaving = new Weaving(instrumentation, sites, scopes, err);
      directory.ifPresent(d ->
          Capture.attach(run, d, profile, options.capture(), options.dtype(), options.stage()));
      folder.describe("device", "cpu"); // until a runtime says otherwise
      if (!options.extension().isEmpty()) {
        ExtensionLoader.load(options.runtime()).install(run, options.extension());
      }
      directory.ifPresent(RunDirectory::begin);
      ending.await(run, links, weaving);
      return new Launch(weaving);
    } catch (RuntimeException | Error e) {
      directory.ifPresent(RunDirectory::abandon);
      throw e;
    }
  }

  private static void check(SiteWeaving sites, Profile profile, boolean strict) throws IOException {
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

  void detach() {
    weaving.detach();
  }
}
