package dev.tapscope.agent;

import dev.tapscope.capture.Capture;
import dev.tapscope.folder.NoFolder;
import dev.tapscope.folder.RunDirectory;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Selection;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.util.Optional;

/**
 * Everything between the JVM's start and the model's {@code main}: options, profile, the check of
 * the classes that can be found, weaving, the run and its folder, capture, the SAE runtime. Without
 * a capture, an SAE or an edit the taps are woven and off.
 */
final class Launch {
  private final TappedModels models;

  private Launch(TappedModels models) {
    this.models = models;
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
    TappedModels models = new TappedModels(instrumentation, options.runtime(), err);
    models.serve();
    if (options.withProfile()) {
      start(options, models, instrumentation, err);
    }
    return new Launch(models);
  }

  private static void start(
      AgentOptions options, TappedModels models, Instrumentation instrumentation, PrintStream err)
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
      Ending ending = new Ending(options, source, directory, err);
      TapRun run = model.runs().stand(folder, ending::fatal);
      models.add(model);
      Weaving weaving = model.weave(instrumentation);
      directory.ifPresent(d ->
          Capture.attach(run, d, profile, options.capture(), options.dtype(), options.stage()));
      folder.describe("device", "cpu"); // until a runtime says otherwise
      if (!options.extension().isEmpty()) {
        models.extension().install(run, options.extension());
      }
      if (options.flightRecorder()) {
        run.record(FlightRecorder.events());
      }
      directory.ifPresent(RunDirectory::begin);
      ending.await(run, model.links(), weaving, models::exitStatus);
    } catch (RuntimeException | Error e) {
      directory.ifPresent(RunDirectory::abandon);
      throw e;
    }
  }

  void detach() {
    models.detach();
  }
}
