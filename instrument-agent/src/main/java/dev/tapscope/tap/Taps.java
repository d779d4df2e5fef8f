package dev.tapscope.tap;

import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * Where Java code meets the taps of this JVM. The agent has to be there from the JVM's start:
 *
 * <pre>{@code
 * java -javaagent:tapscope-agent.jar=profile=gemma2 ...     taps woven as the model's classes load
 * java -javaagent:tapscope-agent.jar=profile=none ...       profiles named later, by open(PROFILE)
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class Taps {
  /** Implemented by the agent. */
  public interface Source {
    /**
     * Opens a run on the calling thread.
     *
     * @param profile a built-in name or a {@code .taps} file, woven now unless it is already; empty
     *     for the one profile this JVM has
     */
    Run open(Optional<String> profile);

    /** Opens a run that closes with its one loop. */
    <T> Steps<T> steps(String sites, Callable<T> model);
  }

  private static volatile Optional<Source> source = Optional.empty();

  private Taps() {}

  /** Called by the agent. */
  public static void serve(Source agent) {
    source = Optional.of(agent);
  }

  /** Whether this JVM was started with the agent. */
  public static boolean present() {
    return source.isPresent();
  }

  /**
   * Opens a run of the profile this JVM was started with. Passes of the model that begin on this
   * thread belong to it until it is closed; so do fires on worker threads that work for them. Of
   * several runs open on one thread the one opened last has the passes.
   *
   * @throws TapscopeException {@code agent-missing}; {@code profile-unstated} when the agent was
   *     started with {@code profile=none} and no or several profiles have been named since
   */
  public static Run open() {
    return agent().open(Optional.empty());
  }

  /**
   * Opens a run of a profile, which is woven now unless it is already.
   *
   * @param profile a built-in name or the path of a {@code .taps} file
   * @throws TapscopeException {@code agent-missing}; {@code profile-misfit} and what reading a
   *     profile can throw; {@code profile-overlap} when another profile with an open run taps the
   *     same classes
   */
  public static Run open(String profile) {
    return agent().open(Optional.of(profile));
  }

  /** Opens a run of this loop alone: {@link Run#steps} in a run that closes with the loop. */
  public static <T> Steps<T> steps(String sites, Callable<T> model) {
    return agent().steps(sites, model);
  }

  private static Source agent() {
    return source.orElseThrow(() -> {
      String plain = "-javaagent:" + jar() + "=profile=none";
      String flag = plain.contains(" ") ? "'" + plain + "'" : plain;
      return TapscopeException.failed(
          "agent-missing",
          "There are no taps in this JVM: it was started without the Tapscope agent. Add "
              + flag
              + " to the JVM's arguments. In Maven, in the configuration of maven-surefire-plugin:"
              + " <argLine>"
              + flag
              + "</argLine>. In Gradle: tasks.test { jvmArgs(\""
              + flag
              + "\") }. In place of 'none' may stand the profile all of it is about.");
    });
  }

  /** The agent's jar, which this class comes from wherever it is used as a library. */
  private static String jar() {
    CodeSource from = Taps.class.getProtectionDomain().getCodeSource();
    try {
      String path = from == null ? "" : Path.of(from.getLocation().toURI()).toString();
      return path.endsWith(".jar") ? path : "tapscope-agent.jar";
    } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
      return "tapscope-agent.jar"; // it lies where a path cannot say
    }
  }
}
