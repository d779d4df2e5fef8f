package dev.tapscope.cli;

import dev.tapscope.sae.Convention;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.SaeFolder;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A command that reads an SAE in any format and writes it anew. */
abstract class ConvertingCommand implements Callable<Integer> {
  @Parameters(paramLabel = "SAE", description = "A file or folder in any format that is read.")
  private Path path;

  @Mixin private WritingFlags flags;

  private final Screen screen;

  ConvertingCommand(Screen screen) {
    this.screen = screen;
  }

  /**
   * Writes an SAE.
   *
   * @param convention what the flags say of its numbers
   */
  abstract void write(SaeFolder source, Convention convention, WritingFlags flags, Screen screen);

  @Override
  public final Integer call() {
    SaeFolder source = SaeFolder.open(path);
    JumpReluSae sae = source.sae();
    sae.notes().forEach(note -> screen.say("on loading: " + note));
    write(source, flags.convention(sae), flags, screen);
    return 0;
  }
}
