package dev.tapscope.agent;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When a run that was attached to a running JVM ends by itself; when it is asked to otherwise.
 *
 * @param duration how long it lasts
 * @param passes how many passes it sees
 */
record LiveLimits(Optional<Duration> duration, Optional<Long> passes) {
  private static final Pattern DURATION = Pattern.compile("([1-9][0-9]{0,8})(ms|s|m|h)");

  /**
   * Reads {@code for} and {@code passes}.
   *
   * @throws dev.tapscope.tap.TapscopeException {@code option-value}
   */
  static LiveLimits of(Map<String, String> given) {
    return new LiveLimits(
        Optional.ofNullable(given.get("for")).map(LiveLimits::duration),
        Optional.ofNullable(given.get("passes")).map(LiveLimits::count));
  }

  private static Duration duration(String text) {
    Matcher parts = DURATION.matcher(text);
    if (!parts.matches()) {
      throw AgentOptions.badValue("for", text, "a time such as 30s, 500ms, 10m or 1h");
    }
    long n = Long.parseLong(parts.group(1));
    return switch (parts.group(2)) {
      case "ms" -> Duration.ofMillis(n);
      case "s" -> Duration.ofSeconds(n);
      case "m" -> Duration.ofMinutes(n);
      default -> Duration.ofHours(n);
    };
  }

  private static long count(String text) {
    if (!text.matches("[1-9][0-9]{0,17}")) {
      throw AgentOptions.badValue("passes", text, "a positive number of passes");
    }
    return Long.parseLong(text);
  }

  boolean none() {
    return duration.isEmpty() && passes.isEmpty();
  }
}
