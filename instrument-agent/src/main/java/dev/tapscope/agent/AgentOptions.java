package dev.tapscope.agent;

import dev.tapscope.capture.Capture;
import dev.tapscope.folder.Dtype;
import dev.tapscope.profile.BuiltInProfiles;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The agent's options.
 *
 * @param given all of them as text, in the order given
 * @param profile a built-in name or a {@code .taps} file
 * @param capture site addresses to keep
 * @param dtype how activations are stored
 * @param stage before or after edits
 * @param out the run folder
 * @param overwrite whether an earlier run there may be replaced
 * @param runtime where the SAE runtime lies, if stated
 * @param strict whether a misfit or a silent site fails the run
 * @param flightRecorder whether every fire is told to the JDK's flight recorder
 * @param dump where woven classes are written, if anywhere
 * @param live when a run in a JVM that was running already ends by itself
 * @param shardBytes size at which shards are closed
 * @param extension what the runtime is told, numbered keys by number and the others as given; empty
 *     when it is not needed
 */
record AgentOptions(
    Map<String, String> given,
    String profile,
    Optional<String> capture,
    Dtype dtype,
    Capture.Stage stage,
    Optional<Path> out,
    boolean overwrite,
    Optional<Path> runtime,
    boolean strict,
    boolean flightRecorder,
    Optional<Path> dump,
    LiveLimits live,
    long shardBytes,
    Map<String, String> extension) {

  private static final long LARGEST_DEFAULT_SHARD = 256L << 20;

  /** In the place of a profile: none is woven until somebody names one. */
  private static final String NONE = "none";

  /** What is for runs that Java code opens, too. */
  private static final Set<String> OF_ANY_RUN = Set.of("profile", "runtime", "jfr", "dump");

  AgentOptions {
    given = Collections.unmodifiableMap(new LinkedHashMap<>(given));
    extension = Collections.unmodifiableMap(new LinkedHashMap<>(extension));
  }

  /**
   * Reads the text after {@code -javaagent:...jar=}.
   *
   * @throws TapscopeException {@code option-...}, exit code 2
   */
  static AgentOptions parse(Optional<String> text) {
    return of(read(text));
  }

  /**
   * Reads the text without looking what it says.
   *
   * @throws TapscopeException {@code option-...}, exit code 2
   */
  static Map<String, String> read(Optional<String> text) {
    return OptionText.parse(text.filter(t -> !t.isBlank()).orElseThrow(AgentOptions::noProfile));
  }

  /**
   * Takes options as they were read.
   *
   * @throws TapscopeException {@code option-...}, exit code 2
   */
  static AgentOptions of(Map<String, String> given) {
    Optional<String> profile = Optional.ofNullable(given.get("profile"));
    if (CensusLaunch.asked(given)) {
      throw TapscopeException.usage(
          "option-value",
          "A census looks at a model from its start on: give 'census' to a JVM that is started with"
              + " -javaagent, without a profile.");
    }
    AgentOptions options =
        new AgentOptions(
            given,
            profile.orElseThrow(AgentOptions::noProfile),
            Optional.ofNullable(given.get("capture")),
            Dtype.ofFloats(choice(given, "capture.dtype", "f32", "bf16", "f16")),
            choice(given, "capture.stage", "after", "before").equals("after")
                ? Capture.Stage.AFTER
                : Capture.Stage.BEFORE,
            path(given, "out"),
            truth(given, "out.overwrite", false),
            path(given, "runtime"),
            truth(given, "strict", true),
            truth(given, "jfr", false),
            path(given, "dump"),
            LiveLimits.of(given),
            shardBytes(given),
            extension(given));
    List<String> idle = given.keySet().stream().filter(k -> !OF_ANY_RUN.contains(k)).toList();
    if (!options.withProfile() && !idle.isEmpty()) {
      throw TapscopeException.usage(
          "option-value",
          "With profile=none nothing is tapped until Java code opens a run, so the other options ("
              + String.join(", ", idle)
              + ") can do nothing. Name a profile, or leave them out.");
    }
    if (options.capture().isPresent() && options.out().isEmpty()) {
      throw TapscopeException.usage(
          "option-missing",
          "capture="
              + options.capture().get()
              + " has nowhere to go; add out=FOLDER, a folder that does not exist yet.");
    }
    if (options.out().isEmpty()
        && given.keySet().stream().anyMatch(key -> key.startsWith("sae."))
        && given.keySet().stream().noneMatch(key -> key.startsWith("edit."))) {
      throw TapscopeException.usage(
          "option-missing",
          "The features of an SAE have nowhere to go; add out=FOLDER, a folder that does not exist"
              + " yet, or an edit of the SAE as edit.1=...");
    }
    if (given.containsKey("stream.to")
        != (given.containsKey("stream") || given.containsKey("stream.losses"))) {
      throw TapscopeException.usage(
          "option-missing",
          "Rows and losses go to a socket that somebody reads: stream=SITES or stream.losses=true,"
              + " and stream.to=SOCKET, belong together. Give both, or neither.");
    }
    return options;
  }

  /** Whether a profile is named; with {@code profile=none} Java code names its own later. */
  boolean withProfile() {
    return !profile.equals(NONE);
  }

  private static TapscopeException noProfile() {
    return TapscopeException.usage(
        "option-missing",
        "The agent needs profile=NAME, which says where the model's activations are: one of "
            + String.join(", ", BuiltInProfiles.names())
            + ", or the path of a .taps file. For example"
            + " -javaagent:tapscope-agent.jar=profile=gemma2,capture=res.*,out=run");
  }

  /** One of a few words, the first of which is the default. */
  private static String choice(Map<String, String> given, String key, String... words) {
    String value = given.getOrDefault(key, words[0]);
    if (!Arrays.asList(words).contains(value)) {
      throw badValue(key, value, "one of " + String.join(", ", words));
    }
    return value;
  }

  private static boolean truth(Map<String, String> given, String key, boolean otherwise) {
    String value = given.getOrDefault(key, Boolean.toString(otherwise));
    if (!value.equals("true") && !value.equals("false")) {
      throw badValue(key, value, "true or false");
    }
    return value.equals("true");
  }

  private static Optional<Path> path(Map<String, String> given, String key) {
    try {
      return Optional.ofNullable(given.get(key)).map(Path::of);
    } catch (InvalidPathException e) {
      throw badValue(key, given.get(key), "a path (" + e.getMessage() + ")");
    }
  }

  /** By default no more than an eighth of the heap, since the open shard is held there. */
  private static long shardBytes(Map<String, String> given) {
    if (!given.containsKey("shard.bytes")) {
      return Math.min(LARGEST_DEFAULT_SHARD, Runtime.getRuntime().maxMemory() / 8);
    }
    String value = given.get("shard.bytes");
    if (!value.matches("[1-9][0-9]{0,17}")) {
      throw badValue("shard.bytes", value, "a positive number of bytes");
    }
    return Long.parseLong(value);
  }

  private static Map<String, String> extension(Map<String, String> given) {
    choice(given, "device", "auto", "cpu", "cuda");
    Map<String, String> options = new LinkedHashMap<>();
    truth(given, "stream.losses", false);
    if (given.keySet().stream().noneMatch(k -> k.matches("(sae|edit|stream)\\..*"))) {
      return options; // a capture computes nothing on a device
    }
    given.forEach((key, value) -> {
      if (key.matches("(sae\\.|stream).*|device")) {
        options.put(key, value);
      }
    });
    List<String> edits =
        given.keySet().stream()
            .filter(key -> key.startsWith("edit."))
            .sorted(Comparator.comparing(key -> Long.parseLong(key.substring("edit.".length()))))
            .toList();
    edits.forEach(key -> options.put(key, given.get(key)));
    return options;
  }

  static TapscopeException badValue(String key, String value, String wanted) {
    return TapscopeException.usage(
        "option-value",
        "Agent option '" + key + "' must be " + wanted + ", and '" + value + "' was given.");
  }
}
