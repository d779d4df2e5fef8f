package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What steer and ablate have in common. */
final class EditFlags {
  @Mixin private ModelFlags model;
  @Mixin private InterventionFlags interventions;

  @Option(
      names = "--feature",
      paramLabel = "NAME/INDEX[=VALUE][@SCOPE]",
      converter = FeatureEdit.Converter.class,
      description = {
        "A feature to change; may be repeated. VALUE is 40 (times the unit decoder row),",
        "1.25x (times the feature's maximum) or 0.5n (times the site's mean norm)."
      })
  private List<FeatureEdit> features = List.of();

  @Option(
      names = "--watch",
      paramLabel = "TOKEN",
      description =
          "Also show the probability of this first token: its text, \" Paris\", or #ID; may be"
              + " repeated.")
  private List<String> watched = List.of();

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
    return interventions.saes();
  }

  List<FeatureEdit> features() {
    return features;
  }

  List<Edit> edits() {
    return interventions.edits();
  }

  DeviceFlag device() {
    return interventions.device();
  }

  List<String> watched() {
    return watched;
  }

  Optional<String> scope() {
    return scope.map(s -> s.startsWith("@") ? s.substring(1) : s);
  }

  /** Whether strength 0 is to be tried, too. */
  boolean zero() {
    return check;
  }

  boolean json() {
    return json;
  }

  /**
   * @throws TapscopeException {@code nothing-asked} when there is no edit, {@code sae-unknown} when
   *     a feature names an SAE that is not given, {@code check-features} when a check of strength 0
   *     is asked for where nothing has a strength
   */
  void check() {
    if (features.isEmpty() && edits().isEmpty()) {
      throw TapscopeException.usage(
          "nothing-asked",
          "There is nothing to change. Add --feature NAME/INDEX with --sae \"NAME=ADDRESS PATH\","
              + " or --edit EDIT.");
    }
    if (check && features.isEmpty()) {
      throw TapscopeException.usage(
          "check-features",
          "--check runs the features of --feature with strength 0, and there are none. Leave"
              + " --check out, or give a --feature.");
    }
    requireKnownSaes();
  }

  private void requireKnownSaes() {
    for (FeatureEdit feature : features) {
      if (saes().stream().noneMatch(sae -> sae.name().equals(feature.sae()))) {
        throw TapscopeException.usage(
            "sae-unknown",
            "The feature "
                + feature.feature()
                + " names the SAE "
                + feature.sae()
                + ", but --sae gives "
                + (saes().isEmpty()
                    ? "none"
                    : String.join(", ", saes().stream().map(SaeSpec::name).toList()))
                + ". Use one of these names, or add --sae \""
                + feature.sae()
                + "=ADDRESS PATH\".");
      }
    }
  }
}
