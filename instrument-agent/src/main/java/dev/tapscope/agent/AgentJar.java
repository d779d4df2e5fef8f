package dev.tapscope.agent;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Optional;

/** The jar this agent came in. */
final class AgentJar {
  private AgentJar() {}

  static Path path() {
    try {
      return Path.of(AgentJar.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("The agent's own jar has no path.", e);
    }
  }

  /** Version of the agent, {@code unknown} when it does not run from its jar. */
  static String version() {
    return Optional.ofNullable(AgentJar.class.getPackage().getImplementationVersion())
        .orElse("unknown");
  }
}
