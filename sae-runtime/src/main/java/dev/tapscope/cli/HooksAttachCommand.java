package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapscope hooks attach}: a run in a JVM that is running already. */
@Command(
    name = "attach",
    mixinStandardHelpOptions = true,
    header = {
      "Tap a model that runs already: weave its classes, see its passes, and give them back.",
      "",
      "  tapscope hooks attach 4711 profile=gemma2 capture=res.3 out=run1 --for 30s",
      "  tapscope hooks attach 4711 profile=gemma2 capture=res.* out=run1 --passes 100",
      "  tapscope hooks attach 4711 profile=my.taps \"sae.l9=res.3 sae/l9\" edit.1=\"ablate"
          + " l9/76\"",
      "",
      "The options are those of the agent. With --for or --passes the command waits for the end"
          + " and",
      "Ctrl-C ends the run sooner; without, end it with: tapscope hooks detach PID",
      ""
    })
final class HooksAttachCommand implements Callable<Integer> {
  private static final long LOOK_MILLIS = 200;

  @Parameters(index = "0", paramLabel = "PID", description = "Process id of the JVM.")
  private long pid;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "KEY=VALUE",
      description = "Options of the agent; profile is needed.")
  private List<String> words;

  @Option(
      names = "--for",
      paramLabel = "TIME",
      description = "End by itself after a time: 500ms, 30s, 10m, 1h.")
  private Optional<String> time = Optional.empty();

  @Option(
      names = "--passes",
      paramLabel = "N",
      description = "End by itself after so many passes of the model.")
  private Optional<Long> passes = Optional.empty();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  private final Screen screen;
  private final Places places;

  HooksAttachCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() throws IOException {
    AgentOptions options = LiveOptions.read(words);
    time.ifPresent(t -> options.set("for", t));
    passes.ifPresent(n -> options.set("passes", n.toString()));
    Path agent = Places.require(places.agent(), "agent jar", "instrument-agent");
    if (Files.isRegularFile(places.runtime()) && !options.values().containsKey("runtime")) {
      options.set("runtime", places.runtime().toString());
    }
    try (Target target = Target.of(pid)) {
      Target.State state = attach(target, agent, options);
      boolean limited =
          options.values().containsKey("for") || options.values().containsKey("passes");
      if (limited) {
        state.lines().forEach(screen::say);
        state = awaitEnd(target, agent);
      }
      LiveScreen.print(screen, pid, state, json);
      if (!limited) {
        screen.say("to end it: tapscope hooks detach " + pid);
      }
      return state.exit();
    }
  }

  private static Target.State attach(Target target, Path agent, AgentOptions options)
      throws IOException {
    Path file = Files.createTempFile("tapscope-attach", ".properties");
    try {
      options.writeTo(file);
      return target.command(agent, "@" + file);
    } finally {
      Files.delete(file);
    }
  }

  /** Ends with the run; when this command is ended first, it ends the run. */
  private Target.State awaitEnd(Target target, Path agent) {
    Runnable detaching =
        () -> {
          try {
            Target.State state = target.command(agent, HooksDetachCommand.DETACH);
            state.lines().forEach(screen::say);
          } catch (TapscopeException e) {
            screen.say(e.line());
          }
        };
    Ending.add(detaching);
    try {
      Target.State state = target.state();
      while (!state.state().equals("detached")) {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        state = target.state();
      }
      return state;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw TapscopeException.failed(
          "interrupted", "The command was interrupted while a run was attached.", e);
    } finally {
      awaitOurEnd(Ending.remove(detaching));
    }
  }

  /** When the process is being ended, that end is not to be overtaken. */
  private static void awaitOurEnd(boolean removed) {
    if (!removed) {
      try {
        Ending.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
