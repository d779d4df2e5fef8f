package dev.tapscope.cli;

import dev.tapscope.sae.Convention;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeFormat;
import dev.tapscope.sae.SaeWriter;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code tapscope import}: an SAE of other tools, folded. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    header = {
      "Fold an SAE of another tool and write it as a params.npz.",
      "",
      "  tapscope import their/ae.safetensors --out my/sae",
      "  tapscope import their/params.npz --out my/sae --scale 29.4 --input-bias",
      "",
      "What a file states of its conventions is folded on reading, here as everywhere. --scale and",
      "--input-bias say what it does not state: its numbers are those of rows divided by C, or of",
      "an input with b_dec taken off.",
      ""
    })
final class ImportCommand extends ConvertingCommand {
  ImportCommand(Screen screen) {
    super(screen);
  }

  @Override
  void write(SaeFolder source, Convention stated, WritingFlags flags, Screen screen) {
    JumpReluSae sae = source.sae();
    if (stated.equals(Convention.FOLDED)) {
      flags.write(
          source, source.stats(), SaeWriter.of(sae.weights()), SaeFormat.GEMMA_SCOPE, screen);
    } else {
      // Statistics of numbers that were run without folding are not those of the folded SAE.
      SaeWriter writer = SaeWriter.folding(sae.weights().draft(), stated);
      flags.write(source, Optional.empty(), writer, SaeFormat.GEMMA_SCOPE, screen);
    }
  }
}
