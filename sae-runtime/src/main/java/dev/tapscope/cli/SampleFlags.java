package dev.tapscope.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The Gemma 2 sample, for a command that gives it its input and so takes no prompt. */
final class SampleFlags {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Model folder for the Gemma 2 sample.")
  private Path model;

  @Option(
      names = "--profile",
      defaultValue = "gemma2",
      paramLabel = "NAME|FILE",
      description = "Where the taps are: a built-in profile or a .taps file (${DEFAULT-VALUE}).")
  private String profile;

  SampleModel model() {
    return new SampleModel(model);
  }

  String profile() {
    return profile;
  }
}
