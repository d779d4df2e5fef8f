package dev.tapscope.cli;

import dev.tapscope.sae.Convention;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeFormat;
import dev.tapscope.sae.SaeWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tapscope export}: an SAE for other tools. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    header = {
      "Write an SAE in the format of another tool, with its statistics and labels.",
      "",
      "  tapscope export my/sae --to saelens --out exported",
      "  tapscope export my/sae --to gemma-scope --out hub --hub",
      "  tapscope export my/sae --to saelens --out exported --scale 29.4 --input-bias",
      "",
      "The numbers are written folded: rows are encoded as they come, decoder rows have unit",
      "length. --scale and --input-bias unfold them, which only saelens has a place to state.",
      ""
    })
final class ExportCommand extends ConvertingCommand {
  @Option(
      names = "--to",
      required = true,
      paramLabel = "FORMAT",
      converter = FormatConverter.class,
      description = "gemma-scope, saelens or dictionary-learning.")
  private SaeFormat format;

  ExportCommand(Screen screen) {
    super(screen);
  }

  @Override
  void write(SaeFolder source, Convention wanted, WritingFlags flags, Screen screen) {
    SaeWriter writer = SaeWriter.of(source.sae().weights());
    flags.write(
        source,
        source.stats(),
        wanted.equals(Convention.FOLDED) ? writer : writer.unfolded(wanted),
        format,
        screen);
  }
}
