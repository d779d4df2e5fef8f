package dev.tapscope.bench;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.RandomGemma2;
import dev.tapscope.profile.BuiltInProfiles;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The workloads by name. */
final class Workloads {
  static final List<String> NAMES =
      List.of(
          "gemma2-prompt",
          "gemma2-generate",
          "jlama-prompt",
          "jlama-generate",
          "fires",
          "rows-tiny",
          "rows-2b",
          "rows-2b-generate");

  /** The control comes last: should the order in which code is made matter, it shows there. */
  private static final List<Variant> ON_A_MODEL =
      List.of(
          Variant.UNWOVEN,
          Variant.OFF,
          Variant.NO_OP,
          Variant.CAPTURE,
          Variant.STEER,
          Variant.CONTROL);

  private static final List<Variant> ALONE =
      List.of(Variant.UNWOVEN, Variant.CONTROL, Variant.NO_OP, Variant.CAPTURE, Variant.COPY);

  private static final String WORK = "dev.tapscope.bench.work.";

  private final Path temporary;
  private final long shardBytes;

  /**
   * @param temporary where models and copies are written
   * @param shardBytes size at which what was kept is written to disk
   */
  Workloads(Path temporary, long shardBytes) {
    this.temporary = temporary;
    this.shardBytes = shardBytes;
  }

  Workload named(String name) {
    return switch (name) {
      case "gemma2-prompt" -> gemma2(name, 24, 24);
      case "gemma2-generate" -> gemma2(name, 40, 8);
      case "jlama-prompt" -> jlama(name, 24, 24);
      case "jlama-generate" -> jlama(name, 24, 8);
      case "fires" -> replay(name, 26, 64, 1, 128);
      case "rows-tiny" -> replay(name, 6, 24, 24, 128);
      case "rows-2b" -> replay(name, 26, 64, 64, 2304);
      case "rows-2b-generate" -> replay(name, 26, 1, 1, 2304);
      default -> throw new IllegalArgumentException("There is no workload " + name + ".");
    };
  }

  private static Workload gemma2(String name, int tokens, int prompt) {
    Profile profile = BuiltInProfiles.find("gemma2").orElseThrow();
    int[] ids = Arrays.copyOf(RandomGemma2.PLAIN.prompt(tokens), tokens);
    long fires = 6L * (1 + tokens - prompt);
    return new Workload(
        name,
        profile,
        ON_A_MODEL,
        false,
        6,
        fires,
        6L * tokens * 128 * Float.BYTES,
        3,
        128,
        (loader, variant) -> model(loader, "Gemma2Work", Fixtures.tinyGemma2(), ids, prompt));
  }

  private Workload jlama(String name, int tokens, int prompt) {
    Profile profile = BuiltInProfiles.find("jlama-gemma2").orElseThrow();
    Path folder = RandomGemma2.PLAIN.write(temporary.resolve(name));
    int[] ids = RandomGemma2.PLAIN.prompt(tokens);
    return new Workload(
        name,
        profile,
        ON_A_MODEL,
        false,
        4,
        4L * (1 + tokens - prompt),
        4L * tokens * 256 * Float.BYTES,
        2,
        256,
        (loader, variant) -> model(loader, "JlamaWork", folder, ids, prompt));
  }

  private static Work model(ClassLoader loader, String name, Path folder, int[] ids, int prompt)
      throws ReflectiveOperationException {
    return (Work)
        loader
            .loadClass(WORK + name)
            .getConstructor(Path.class, int[].class, int.class)
            .newInstance(folder, ids, prompt);
  }

  private Workload replay(String name, int layers, int rows, int together, int width) {
    return new Workload(
        name,
        replayProfile(),
        ALONE,
        true,
        layers,
        (long) layers * rows / together,
        (long) layers * rows * width * Float.BYTES,
        layers / 2,
        width,
        (loader, variant) ->
            (Work)
                loader
                    .loadClass(WORK + "ReplayWork")
                    .getConstructor(int.class, int.class, int.class, int.class, Copies.class)
                    .newInstance(
                        layers,
                        rows,
                        together,
                        width,
                        variant == Variant.COPY
                            ? new Copies.ToFile(temporary.resolve(name + ".copy"), shardBytes)
                            : Copies.NONE));
  }

  private static Profile replayProfile() {
    try (InputStream in = Workloads.class.getResourceAsStream("replay.taps")) {
      return ProfileParser.parse(
          new String(in.readAllBytes(), StandardCharsets.UTF_8), "replay.taps");
    } catch (IOException e) {
      throw new IllegalStateException("The profile replay.taps cannot be read.", e);
    }
  }
}
