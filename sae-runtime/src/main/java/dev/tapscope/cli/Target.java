package dev.tapscope.cli;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/** A running JVM, reached by the JDK's Attach API. */
final class Target implements AutoCloseable {
  private static final String STATE = "tapscope.live.state";
  private static final String EXIT = "tapscope.live.exit";
  private static final String TEXT = "tapscope.live.text";
  private static final int LEAST_JAVA = 17;

  private final VirtualMachine machine;
  private final long pid;

  /**
   * How a run in it stands.
   *
   * @param state {@code attached}, {@code detached} or {@code refused}; empty before the first
   * @param exit the exit code to end with
   * @param lines what the agent told
   */
  record State(String state, int exit, List<String> lines) {}

  private Target(VirtualMachine machine, long pid) {
    this.machine = machine;
    this.pid = pid;
  }

  /**
   * Reaches a JVM.
   *
   * @throws TapscopeException {@code pid-missing}, {@code attach-self}, {@code attach-user}, {@code
   *     attach-refused}
   */
  static Target of(long pid) {
    ProcessHandle process =
        ProcessHandle.of(pid)
            .orElseThrow(() ->
                TapscopeException.failed(
                    "pid-missing",
                    "Wanted the JVM with process id "
                        + pid
                        + "; there is no such process. \"jcmd\" lists those there are."));
    if (process.equals(ProcessHandle.current())) {
      throw TapscopeException.usage(
          "attach-self", "Process " + pid + " is this command itself. Give the model's.");
    }
    try {
      return new Target(VirtualMachine.attach(Long.toString(pid)), pid);
    } catch (AttachNotSupportedException | IOException e) {
      throw refused(process, e);
    }
  }

  private static TapscopeException refused(ProcessHandle process, Exception cause) {
    Optional<String> theirs = process.info().user();
    Optional<String> ours = ProcessHandle.current().info().user();
    if (theirs.isPresent() && ours.isPresent() && !theirs.equals(ours)) {
      return TapscopeException.failed(
          "attach-user",
          "Process "
              + process.pid()
              + " belongs to user "
              + theirs.get()
              + " and this command runs as "
              + ours.get()
              + "; a JVM can be attached to by its own user only. Run the command as "
              + theirs.get()
              + ".",
          cause);
    }
    return TapscopeException.failed(
        "attach-refused",
        "Process "
            + process.pid()
            + " ("
            + process.info().command().orElse("its command is not known")
            + ") cannot be attached to: "
            + cause.getMessage()
            + ". It has to be a HotSpot JVM that was not started with"
            + " -XX:+DisableAttachMechanism.",
        cause);
  }

  /**
   * Has the agent carry out a command there, and returns how the run stands then.
   *
   * @throws TapscopeException {@code attach-java}, {@code attach-agent}, {@code target-ended}; what
   *     the agent refuses, with its own sentence and exit code
   */
  State command(Path agent, String options) {
    try {
      requireJava();
      machine.loadAgent(agent.toString(), options);
    } catch (AgentLoadException | AgentInitializationException e) {
      throw TapscopeException.failed(
          "attach-agent",
          "The agent "
              + agent
              + " could not be loaded into process "
              + pid
              + ": "
              + e.getMessage()
              + ". A JVM started with -XX:-EnableDynamicAgentLoading takes none: start it with"
              + " -XX:+EnableDynamicAgentLoading, which also silences the JVM's warning. The jar"
              + " must be readable there.",
          e);
    } catch (IOException e) {
      throw ended(e);
    }
    State state = state();
    if (state.state().equals("refused")) {
      throw told(state);
    }
    return state;
  }

  private void requireJava() throws IOException {
    String version = machine.getSystemProperties().getProperty("java.specification.version", "");
    boolean old = !version.matches("\\d+") || Integer.parseInt(version) < LEAST_JAVA;
    if (old) {
      throw TapscopeException.failed(
          "attach-java",
          "Process "
              + pid
              + " runs on Java "
              + version
              + "; the agent needs "
              + LEAST_JAVA
              + " or later.");
    }
  }

  /** What the agent says of an error, as our own: the last line is {@code tapscope: [id] ...}. */
  private static TapscopeException told(State state) {
    String last = state.lines().isEmpty() ? "" : state.lines().getLast();
    String id = last.replaceFirst("(?s)^tapscope: \\[([a-z0-9-]+)].*", "$1");
    String sentence = last.replaceFirst("^tapscope: \\[[a-z0-9-]+] ", "");
    return switch (state.exit()) {
      case TapscopeException.USAGE -> TapscopeException.usage(id, sentence);
      case TapscopeException.CHECK -> TapscopeException.check(id, sentence);
      default -> TapscopeException.failed(id, sentence);
    };
  }

  /**
   * How the run stands.
   *
   * @throws TapscopeException {@code target-ended}
   */
  State state() {
    try {
      Properties properties = machine.getSystemProperties();
      return new State(
          properties.getProperty(STATE, ""),
          Integer.parseInt(properties.getProperty(EXIT, "0")),
          properties.getProperty(TEXT, "").lines().toList());
    } catch (IOException e) {
      throw ended(e);
    }
  }

  private TapscopeException ended(IOException cause) {
    return TapscopeException.failed(
        "target-ended",
        "Process "
            + pid
            + " ended, or stopped answering, while a run was attached ("
            + cause.getMessage()
            + "). A JVM that ends closes the run folder first; run.json says how the run ended.",
        cause);
  }

  @Override
  public void close() {
    try {
      machine.detach();
    } catch (IOException e) {
      // The connection to a JVM that has ended cannot be closed, and need not be.
    }
  }
}
