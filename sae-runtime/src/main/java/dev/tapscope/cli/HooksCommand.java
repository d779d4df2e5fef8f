package dev.tapscope.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code tapscope hooks}: work on profiles. */
@Command(
    name = "hooks",
    mixinStandardHelpOptions = true,
    header = {
      "Check profiles, find places to tap.",
      "",
      "  tapscope hooks check gemma2 samples/gemma2/target/gemma2.jar",
      "  tapscope hooks list samples/gemma2/target/gemma2.jar Block.forward",
      ""
    },
    synopsisSubcommandLabel = "COMMAND")
final class HooksCommand {
  private HooksCommand() {}

  static CommandLine line(Screen screen) {
    return new CommandLine(new HooksCommand())
        .addSubcommand(new HooksCheckCommand(screen))
        .addSubcommand(new HooksListCommand(screen));
  }
}
