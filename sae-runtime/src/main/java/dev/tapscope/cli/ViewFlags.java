package dev.tapscope.cli;

import dev.tapscope.view.AnsiView;
import dev.tapscope.view.JsonView;
import dev.tapscope.view.Terminal;
import dev.tapscope.view.TokenView;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How a view is shown. */
final class ViewFlags {
  @Option(names = "--html", paramLabel = "FILE", description = "Write the view as one page, too.")
  private Optional<Path> html = Optional.empty();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  @Option(
      names = "--color",
      paramLabel = "auto|always|never",
      defaultValue = "auto",
      description = "Colours; auto follows the terminal, NO_COLOR and CLICOLOR.")
  private Terminal.Choice color;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "5",
      description = "Strongest features kept for each token (${DEFAULT-VALUE}).")
  private int top;

  @Option(names = "--all", description = "Show BOS, dense features and every feature that fires.")
  private boolean all;

  @Option(names = "--brief", description = "Leave out the features of every single token.")
  private boolean brief;

  boolean json() {
    return json;
  }

  boolean all() {
    return all;
  }

  int top() {
    return Math.max(1, top);
  }

  /** The page, where one is wanted. */
  Optional<PageFile> page() {
    return html.map(PageFile::new);
  }

  /** Prints the view. */
  void print(TokenView view, Screen screen) {
    AnsiView.Extent extent = brief ? AnsiView.Extent.BRIEF : AnsiView.Extent.FULL;
    screen
        .out()
        .print(
            json ? JsonView.render(view) : AnsiView.render(view, screen.terminal(color), extent));
    screen.out().flush();
  }
}
