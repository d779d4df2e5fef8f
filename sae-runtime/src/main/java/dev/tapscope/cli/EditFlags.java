package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What steer and ablate have in common. */
final class EditFlags {
  @Mixin private ModelFlags model;

  @Option(
      names = "--sae",
      required = true,
      paramLabel = "\"NAME=ADDRESS PATH\"",
      converter = SaeSpec.Converter.class,
      description = "An SAE and the site it reads; may be repeated.")
  private List<SaeSpec> saes;

  @Option(
      names = "--feature",
      required = true,
      paramLabel = "NAME/INDEX[=VALUE][@SCOPE]",
      converter = FeatureEdit.Converter.class,
      description = {
        "A feature to change; may be repeated. VALUE is 40 (times the unit decoder row),",
        "1.25x (times the feature's maximum) or 0.5n (times the site's mean norm)."
      })
  private List<FeatureEdit> features;

  @Option(
      names = "--scope",
      paramLabel = "SCOPE",
      description = "Where, for features without @SCOPE: all, prompt, generated, last, N, A..B.")
  private Optional<String> scope = Optional.empty();

  @Option(
      names = "--check",
      description =
          "Also run with strength 0, which must change no token and no bit of the logits.")
  private boolean check;

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  ModelFlags model() {
    return model;
  }

  List<SaeSpec> saes() {
    return saes;
  }

  List<FeatureEdit> features() {
    return features;
  }

  Optional<String> scope() {
    return scope.map(s -> s.startsWith("@") ? s.substring(1) : s);
  }

  boolean check() {
    return check;
  }

  boolean json() {
    return json;
  }

  /**
   * @throws TapscopeException {@code sae-unknown} when a feature names an SAE that is not given
   */
  void requireKnownSaes() {
    for (FeatureEdit feature : features) {
      if (saes.stream().noneMatch(sae -> sae.name().equals(feature.sae()))) {
        throw TapscopeException.usage(
            "sae-unknown",
            "The feature "
                + feature.feature()
                + " names the SAE "
                + feature.sae()
                + ", but --sae gives "
                + String.join(", ", saes.stream().map(SaeSpec::name).toList())
                + ". Use one of these names, or add --sae \""
                + feature.sae()
                + "=ADDRESS PATH\".");
      }
    }
  }
}
