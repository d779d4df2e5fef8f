package dev.tapscope.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code tapscope hooks}: work on profiles and on running models. */
@Command(
    name = "hooks",
    mixinStandardHelpOptions = true,
    header = {
      "Check profiles, find places to tap, tap a model that runs already.",
      "",
      "  tapscope hooks check gemma2 samples/gemma2/target/gemma2.jar",
      "  tapscope hooks list samples/gemma2/target/gemma2.jar Block.forward",
      "  tapscope hooks census --package gemma2.. -- samples/gemma2/bin/gemma2 generate ...",
      "  tapscope hooks attach 4711 profile=gemma2 capture=res.3 out=run1 --for 30s",
      ""
    },
    synopsisSubcommandLabel = "COMMAND")
final class HooksCommand {
  private HooksCommand() {}

  static CommandLine line(Screen screen, Places places) {
    return new CommandLine(new HooksCommand())
        .addSubcommand(new HooksCheckCommand(screen))
        .addSubcommand(new HooksListCommand(screen))
        .addSubcommand(new HooksCensusCommand(screen, places))
        .addSubcommand(new HooksAttachCommand(screen, places))
        .addSubcommand(new HooksDetachCommand(screen, places));
  }
}
