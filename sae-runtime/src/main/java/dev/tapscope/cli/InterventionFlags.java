package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** SAEs and edits of a run, as {@code run}, {@code steer} and {@code ablate} take them. */
final class InterventionFlags {
  @Option(
      names = "--sae",
      paramLabel = "\"NAME=ADDRESS PATH\"",
      converter = SaeSpec.Converter.class,
      description = "An SAE and the site it reads; may be repeated.")
  private List<SaeSpec> saes = List.of();

  @Option(
      names = "--edit",
      paramLabel = "EDIT",
      converter = EditConverter.class,
      description = {
        "An intervention in the agent's words; may be repeated: \"steer l9/76 1.25x @prompt\",",
        "\"patch res.4 @last from RUN#0@last\", \"mean mlp.4 FILE\", \"add res.3 FILE\"."
      })
  private List<Edit> edits = List.of();

  @Mixin private DeviceFlag device;

  List<SaeSpec> saes() {
    return saes;
  }

  List<Edit> edits() {
    return edits;
  }

  DeviceFlag device() {
    return device;
  }
}
