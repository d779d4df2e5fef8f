package dev.tapscope.cli;

import picocli.CommandLine.Option;

/** Where the taps are. */
final class ProfileFlag {
  @Option(
      names = "--profile",
      defaultValue = "gemma2",
      paramLabel = "NAME|FILE",
      description = "Where the taps are: a built-in profile or a .taps file (${DEFAULT-VALUE}).")
  private String profile;

  String name() {
    return profile;
  }
}
