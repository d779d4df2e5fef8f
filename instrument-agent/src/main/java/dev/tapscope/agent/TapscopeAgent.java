package dev.tapscope.agent;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.Optional;

/**
 * Where the JVM enters the agent. The agent stays out of a JVM that the launcher gave no main
 * class: {@code JAVA_TOOL_OPTIONS} reaches every JVM a command starts, {@code java -version} among
 * them, and such a one must not take the run folder of the model's.
 *
 * <p>This class does as little as it can:
 *
 * <ul>
 *   <li>woven classes of every loader must find one and the same bridge, so the bridge goes to the
 *       bootstrap loader first, and this class names nothing that names the bridge before that;
 *   <li>an exception that leaves {@code premain} aborts the JVM with 134 and a stack trace, so
 *       failures are told in a sentence and end with an exit code of their own.
 * </ul>
 */
public final class TapscopeAgent {
  private static volatile Optional<Launch> launch = Optional.empty();
  private static Optional<Live> live = Optional.empty();

  private TapscopeAgent() {}

  /**
   * Called by the JVM before {@code main}.
   *
   * @param options as in {@link AgentOptions}
   */
  public static void premain(String options, Instrumentation instrumentation) {
    if (System.getProperty("sun.java.command", "").isBlank()) {
      System.err.println(
          "tapscope: This JVM has no main class to run (java -version, say), so the agent stays out"
              + " of it.");
      return;
    }
    try {
      BootJar.install(instrumentation);
    } catch (IOException | RuntimeException e) {
      System.err.println(
          "tapscope: [boot-jar] The agent's bridge could not be put on the bootstrap class path ("
              + e
              + "). The agent needs its own jar and a temporary folder that can be written"
              + " (java.io.tmpdir).");
      System.exit(1);
    }
    launch = Launch.run(Optional.ofNullable(options), instrumentation);
  }

  /**
   * Called by the JVM when the agent is attached to it while it runs; each time it is. The answer
   * is left in {@link LiveState}.
   *
   * @param options as in {@link AgentOptions}, or {@code detach}
   */
  public static synchronized void agentmain(String options, Instrumentation instrumentation) {
    if (launch.isPresent()) {
      LiveState.REFUSED.publish(
          1,
          List.of(
              "tapscope: [live-launched] This JVM was started with the agent, and its run ends with"
                  + " it; nothing can be attached besides. Start the JVM without -javaagent, or"
                  + " open runs from Java with Taps.open."));
      return;
    }
    try {
      if (live.isEmpty()) {
        BootJar.install(instrumentation);
        live = Optional.of(new Live());
      }
      live.get().command(options == null ? "" : options, instrumentation);
    } catch (IOException | RuntimeException | Error e) {
      LiveState.REFUSED.publish(
          1,
          List.of(
              "tapscope: [boot-jar] The agent's bridge could not be put on the bootstrap class path"
                  + " ("
                  + e
                  + "). The agent needs its own jar and a temporary folder that can be written"
                  + " (java.io.tmpdir)."));
    }
  }

  /**
   * Takes every tap out of the classes again. The run goes on without seeing anything until it is
   * closed at the end of the JVM.
   */
  public static void detach() {
    launch.ifPresent(Launch::detach);
  }
}
