package dev.tapscope.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapscope hooks detach}: ends a run in a running JVM. */
@Command(
    name = "detach",
    mixinStandardHelpOptions = true,
    header = {
      "End the run attached to a running JVM: its folder is closed, its classes get their code"
          + " back.",
      "",
      "  tapscope hooks detach 4711",
      ""
    })
final class HooksDetachCommand implements Callable<Integer> {
  /** What the agent takes for a request to end its run. */
  static final String DETACH = "detach";

  @Parameters(paramLabel = "PID", description = "Process id of the JVM.")
  private long pid;

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  private final Screen screen;
  private final Places places;

  HooksDetachCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() {
    Path agent = Places.require(places.agent(), "agent jar", "instrument-agent");
    try (Target target = Target.of(pid)) {
      Target.State state = target.command(agent, DETACH);
      LiveScreen.print(screen, pid, state, json);
      return state.exit();
    }
  }
}
