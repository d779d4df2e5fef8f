package dev.tapscope.endtoend;

import dev.tapscope.fixtures.RandomGemma2;
import dev.tapscope.fixtures.ReferenceGemma2;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Gemma 2 on Jlama under the agent: a model on which what Jlama leaves out of Gemma 2 makes no
 * difference, and its sites.
 */
final class JlamaRuns {
  /** New tokens of a run; all but the last are passes of their own. */
  static final int GENERATED = 6;

  static final List<String> LAYERED =
      List.of(
          "resid_pre",
          "attn_in",
          "att",
          "attn_raw",
          "attn_out",
          "resid_mid",
          "mlp_in",
          "mlp_raw",
          "mlp",
          "res");

  private static final RandomGemma2 SHAPE = RandomGemma2.PLAIN;
  private static final Path MODEL =
      SHAPE.write(Packaged.workFolder("jlama-model").resolve("model"));
  private static final ReferenceGemma2 REFERENCE = ReferenceGemma2.load(MODEL);

  private JlamaRuns() {}

  static Path model() {
    return MODEL;
  }

  static ReferenceGemma2 reference() {
    return REFERENCE;
  }

  static int layers() {
    return REFERENCE.config().layers();
  }

  static int[] prompt(int length) {
    return SHAPE.prompt(length);
  }

  /** Continues a prompt. */
  static JvmRun generate(int length) {
    return JvmRun.jlama("generate", "--model", MODEL.toString(), "--ids")
        .with(Captures.join(prompt(length)))
        .with("-n", Integer.toString(GENERATED), "--ignore-eos", "--json");
  }

  static JvmRun score(int length) {
    return JvmRun.jlama("score", "--model", MODEL.toString(), "--ids")
        .with(Captures.join(prompt(length)), "--json");
  }

  /** The value of the agent option {@code capture} for every site of the profile. */
  static String everySite() {
    return LAYERED.stream().map(site -> site + ".*").collect(Collectors.joining("+", "embed+", ""));
  }

  /** Runs a command under the agent with the given options and reads its run folder. */
  static CapturedRun capture(JvmRun command, String profile, String... options) {
    Path folder = Packaged.workFolder("jlama").resolve("run");
    String[] all = Arrays.copyOf(options, options.length + 2);
    all[options.length] = "profile=" + profile;
    all[options.length + 1] = "out=" + folder;
    command.agent(all).run().ok();
    return CapturedRun.read(folder);
  }

  /** Positions from {@code from} to before {@code to}. */
  static int[] positions(int from, int to) {
    return IntStream.range(from, to).toArray();
  }
}
