package dev.tapscope.agent;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.util.Optional;

/**
 * Runs in a JVM that was running already, one at a time. Whatever goes wrong is told to the command
 * that attached; nothing is thrown into the JVM and it is never ended.
 */
final class Live {
  /** In the place of options: ends the run there is. */
  static final String DETACH = "detach";

  private Optional<LiveRun> current = Optional.empty();

  /** Attaches a run, or ends the one there is. */
  synchronized void command(String options, Instrumentation instrumentation) {
    Transcript told = new Transcript(System.err);
    try {
      if (options.strip().equals(DETACH)) {
        detach();
      } else {
        attach(options, instrumentation, told);
      }
    } catch (TapscopeException e) {
      told.lines().add(e.line());
      LiveState.REFUSED.publish(e.exit(), told.lines());
    } catch (IOException | RuntimeException | Error e) {
      told.lines()
          .add("tapscope: [agent-failed] The agent could not attach; nothing was changed: " + e);
      LiveState.REFUSED.publish(TapscopeException.FAILED, told.lines());
    }
  }

  private void attach(String text, Instrumentation instrumentation, Transcript told)
      throws IOException {
    if (current.filter(LiveRun::open).isPresent()) {
      throw TapscopeException.failed(
          "live-attached",
          "A run is attached to this JVM already; one at a time. End it with: tapscope hooks detach"
              + " "
              + ProcessHandle.current().pid());
    }
    AgentOptions options = AgentOptions.parse(Optional.of(text));
    if (!options.withProfile()) {
      throw TapscopeException.usage(
          "option-value",
          "profile=none weaves nothing, so there is nothing to attach. Name a profile.");
    }
    PrintStream err = told.stream();
    TappedModels models = new TappedModels(instrumentation, options, err);
    models.serve();
    LiveRun run = new LiveRun(options, models);
    run.start(instrumentation, err, told);
    current = Optional.of(run);
  }

  private void detach() {
    LiveRun run =
        current
            .filter(LiveRun::open)
            .orElseThrow(() ->
                TapscopeException.failed(
                    "live-nothing",
                    "No run is attached to this JVM, so there is none to detach: it has ended by"
                        + " itself, or there was none."));
    run.detach();
  }
}
