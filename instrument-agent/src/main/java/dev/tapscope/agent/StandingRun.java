package dev.tapscope.agent;

import dev.tapscope.capture.Capture;
import dev.tapscope.folder.NoFolder;
import dev.tapscope.folder.RunDirectory;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileSource;
import dev.tapscope.profile.Selection;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The run the agent's options ask for: its profile woven, its folder, its hooks, its end.
 *
 * @param model the profile in this JVM
 * @param run the run
 * @param ending closes it
 * @param folder where it is written, if anywhere
 */
record StandingRun(TappedModel model, TapRun run, Ending ending, Optional<RunDirectory> folder) {

  /**
   * Makes everything ready, with the taps woven.
   *
   * @param guest told that the run cannot go on, where the JVM is somebody else's: then no pass is
   *     seen before {@link dev.tapscope.run.Runs#release}
   * @throws TapscopeException where it cannot go as asked; nothing is left behind in a JVM that
   *     goes on
   */
  static StandingRun prepare(
      AgentOptions options,
      TappedModels models,
      Instrumentation instrumentation,
      PrintStream err,
      Optional<Consumer<TapscopeException>> guest)
      throws IOException {
    ProfileSource source = ProfileSource.find(options.profile());
    Profile profile = source.profile();
    options.capture().ifPresent(sites -> Selection.parse(sites, profile));
    TappedModel model = new TappedModel(source, options.strict(), err);
    Optional<RunDirectory> directory =
        options
            .out()
            .map(out -> RunDirectory.create(out, options.overwrite(), options.shardBytes()));
    try {
      RunFolder folder = directory.isPresent() ? directory.get() : new NoFolder();
      Ending ending = new Ending(options, source, directory, err, guest);
      TapRun run = model.runs().stand(folder, ending::fatal);
      if (guest.isPresent()) {
        model.runs().hold();
      }
      models.add(model);
      Weaving weaving = model.weave(instrumentation, options.dump());
      directory.ifPresent(d ->
          Capture.attach(run, d, profile, options.capture(), options.dtype(), options.stage()));
      folder.describe("device", "cpu"); // until a runtime says otherwise
      if (!options.extension().isEmpty()) {
        models.extension().install(run, options.extension());
      }
      ending.prepare(run, model.links(), weaving, models::exitStatus);
      return new StandingRun(model, run, ending, directory);
    } catch (RuntimeException | Error e) {
      directory.ifPresent(RunDirectory::abandon);
      models.remove(model);
      throw e;
    }
  }

  /** The folder exists from here on, and is closed with the JVM at the latest. */
  StandingRun begin() {
    folder.ifPresent(RunDirectory::begin);
    ending.await();
    return this;
  }
}
