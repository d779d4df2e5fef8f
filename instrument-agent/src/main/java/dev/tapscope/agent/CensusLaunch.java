package dev.tapscope.agent;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.census.Census;
import dev.tapscope.census.Packages;
import dev.tapscope.folder.JsonText;
import dev.tapscope.link.Codecs;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A census instead of a run: {@code census=PACKAGES,out=FILE}, and the model's own tensor types.
 */
final class CensusLaunch {
  /** Of the heap, in floats: looks take at most a sixteenth of it. */
  private static final int SHARE = 64;

  private static final List<String> KEYS = List.of("census", "census.tensors", "out");

  private CensusLaunch() {}

  /** Whether the options ask for a census. */
  static boolean asked(Map<String, String> given) {
    return given.containsKey("census");
  }

  /**
   * Weaves the classes of the packages as they load; the report is written when the JVM ends.
   *
   * @throws TapscopeException {@code option-...}, exit code 2
   */
  static void start(Map<String, String> given, Instrumentation instrumentation, PrintStream err) {
    given.keySet().stream()
        .filter(key -> !KEYS.contains(key))
        .findFirst()
        .ifPresent(key -> {
          throw TapscopeException.usage(
              "option-value",
              "A census taps everything by itself, so '"
                  + key
                  + "' has no place beside it. Its options are "
                  + String.join(", ", KEYS)
                  + ".");
        });
    if (!given.containsKey("out")) {
      throw TapscopeException.usage(
          "option-missing", "A census needs out=FILE, where its report is written as JSON.");
    }
    Path out = path(given.get("out"));
    Census census =
        new Census(
            Packages.parse(given.get("census")),
            codecs(given.getOrDefault("census.tensors", "")),
            Runtime.getRuntime().maxMemory() / SHARE,
            SiteWeaving::seesBridge,
            err);
    TapBridge.linkWith(census.linker());
    instrumentation.addTransformer(census, true);
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> write(census, out, err), "tapscope-census"));
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw AgentOptions.badValue("out", text, "a path (" + e.getMessage() + ")");
    }
  }

  /** {@code a.b.Tensor=codec+c.d.Matrix=other}. */
  private static Map<String, TensorCodec> codecs(String text) {
    Map<String, TensorCodec> codecs = new LinkedHashMap<>();
    for (String one : text.isEmpty() ? new String[0] : text.split("\\+", -1)) {
      int equals = one.indexOf('=');
      if (equals < 1) {
        throw AgentOptions.badValue(
            "census.tensors", text, "CLASS=CODEC, joined by '+': demo.Tensor=demo");
      }
      codecs.put(
          one.substring(0, equals).strip(),
          Codecs.find(one.substring(equals + 1).strip(), ClassLoader.getSystemClassLoader()));
    }
    return codecs;
  }

  private static void write(Census census, Path out, PrintStream err) {
    Path part = out.toAbsolutePath().resolveSibling(out.getFileName() + ".tmp");
    try {
      Files.writeString(part, JsonText.of(census.report()) + "\n", StandardCharsets.UTF_8);
      Files.move(part, out.toAbsolutePath(), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | RuntimeException e) {
      err.println(
          "tapscope: [census-failed] The report of the census could not be written to "
              + out.toAbsolutePath()
              + " ("
              + e
              + "). Give out=FILE in a folder that can be written.");
    }
  }
}
