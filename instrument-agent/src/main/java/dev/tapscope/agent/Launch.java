package dev.tapscope.agent;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.util.Map;
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
      Map<String, String> given = AgentOptions.read(optionText);
      if (CensusLaunch.asked(given)) {
        CensusLaunch.start(given, instrumentation, err);
        return Optional.empty();
      }
      return Optional.of(start(AgentOptions.of(given), instrumentation, err));
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
    TappedModels models = new TappedModels(instrumentation, options, err);
    models.serve();
    if (!options.live().none()) {
      throw TapscopeException.usage(
          "option-value",
          "The agent options 'for' and 'passes' end a run in a JVM that goes on; this one was"
              + " started with the agent, and its run ends with it. Leave them out, or attach to a"
              + " running JVM with: tapscope hooks attach PID ...");
    }
    if (options.withProfile()) {
      StandingRun.prepare(options, models, instrumentation, err, Optional.empty()).begin();
    }
    return new Launch(models);
  }

  void detach() {
    models.detach();
  }
}
