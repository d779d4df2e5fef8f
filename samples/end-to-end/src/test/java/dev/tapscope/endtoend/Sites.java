package dev.tapscope.endtoend;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The sites of Gemma 2, by the names of the public contract. */
final class Sites {
  /** One row per position in every layer. */
  static final List<String> LAYERED =
      List.of(
          "resid_pre",
          "attn_in",
          "q",
          "k",
          "v",
          "att",
          "attn_raw",
          "attn_out",
          "resid_mid",
          "mlp_in",
          "transcoder_in",
          "mlp_gate",
          "mlp_up",
          "mlp_act",
          "mlp_raw",
          "mlp",
          "res");

  /** One ragged row per position and head in every layer. */
  static final List<String> ATTENTION = List.of("attn_logits", "attn_scores", "pattern");

  /** One row per position, outside the layers. */
  static final List<String> UNLAYERED = List.of("embed", "final_norm", "logits");

  private Sites() {}

  /** The value of the agent option {@code capture} that names every site. */
  static String all() {
    return Stream.of(UNLAYERED.stream(), layered().map(site -> site + ".*"))
        .flatMap(sites -> sites)
        .collect(Collectors.joining("+"));
  }

  /** The name of the site of an address: {@code res} of {@code res.3}. */
  static String siteOf(String address) {
    return address.replaceFirst("\\.\\d+$", "");
  }

  private static Stream<String> layered() {
    return Stream.concat(LAYERED.stream(), ATTENTION.stream());
  }
}
