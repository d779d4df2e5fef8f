package dev.tapscope.cli;

import dev.tapscope.store.StoreMerge;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapscope harvest merge}: the shares of a corpus as one store. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    header = {
      "Join the stores of all shares of a corpus to one, as a harvest of the whole makes it.",
      "",
      "  tapscope harvest merge --out store store-1 store-2",
      ""
    })
final class HarvestMergeCommand implements Callable<Integer> {
  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "The new store; must not exist.")
  private Path out;

  @Parameters(arity = "1..*", paramLabel = "STORE", description = "The stores of all shares.")
  private List<Path> stores;

  private final Screen screen;

  HarvestMergeCommand(Screen screen) {
    this.screen = screen;
  }

  @Override
  public Integer call() {
    int pieces = StoreMerge.merge(stores, out);
    screen.out().println("%s: %,d pieces of %d stores".formatted(out, pieces, stores.size()));
    return 0;
  }
}
