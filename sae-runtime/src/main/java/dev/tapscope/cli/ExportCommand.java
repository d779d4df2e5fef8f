package dev.tapscope.cli;

import dev.tapscope.sae.Convention;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeFormat;
import dev.tapscope.sae.SaeWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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
final class ExportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "SAE", description = "A file or folder in any format that is read.")
  private Path path;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "FORMAT",
      converter = FormatConverter.class,
      description = "gemma-scope, saelens or dictionary-learning.")
  private SaeFormat format;

  @Mixin private WritingFlags flags;

  private final Screen screen;

  ExportCommand(Screen screen) {
    this.screen = screen;
  }

  @Override
  public Integer call() {
    SaeFolder source = SaeFolder.open(path);
    JumpReluSae sae = source.sae();
    sae.notes().forEach(note -> screen.say("on loading: " + note));
    Convention wanted = flags.convention(sae);
    SaeWriter writer = SaeWriter.of(sae.weights());
    flags.write(
        source,
        source.stats(),
        wanted.equals(Convention.FOLDED) ? writer : writer.unfolded(wanted),
        format,
        screen);
    return 0;
  }
}
