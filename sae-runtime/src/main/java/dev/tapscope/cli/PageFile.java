package dev.tapscope.cli;

import dev.tapscope.io.WholeFile;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.HtmlView;
import dev.tapscope.view.TokenView;
import dev.tapscope.view.ViewOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * The file of a view's page. A page that would be too large is written with fewer features, and
 * that is said.
 *
 * @param path where it is written
 */
record PageFile(Path path) {
  private static final String TOO_LARGE = "page-too-large";

  /** A page and what it shows. */
  private record Page(String html, ViewOptions options) {}

  /**
   * Looks, before a model is run for it, whether the page can be written.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  void requireWritable() {
    Path folder = path.toAbsolutePath().normalize().getParent();
    if (folder == null || !Files.isWritable(folder) || Files.isDirectory(path)) {
      throw TapscopeException.failed(
          "file-unwritable",
          "The page "
              + path
              + " cannot be written: "
              + (Files.isDirectory(path)
                  ? "it is a folder."
                  : folder + " does not exist or is not writable.")
              + " Give --html a file in a folder that exists and is writable.");
    }
  }

  /**
   * Writes the page.
   *
   * @param views makes the view of a run
   * @throws TapscopeException {@code file-unwritable}, or {@code page-too-large} when even the
   *     strongest feature of each token is too much
   */
  void write(Function<ViewOptions, TokenView> views, ViewOptions wanted, Screen screen) {
    Page page = page(views, wanted);
    WholeFile.write(path, page.html());
    screen.say(
        "wrote %s (%,d KB, works offline)"
            .formatted(path, Math.max(1, page.html().length() / 1024)));
    if (!page.options().equals(wanted)) {
      screen.say(
          "the page has only the %d strongest of each token's features: with --top %d%s it would be"
                  .formatted(page.options().top(), wanted.top(), wanted.all() ? " --all" : "")
              + " too large for browsers");
    }
  }

  private static Page page(Function<ViewOptions, TokenView> views, ViewOptions options) {
    try {
      return new Page(HtmlView.render(views.apply(options)), options);
    } catch (TapscopeException e) {
      if (!e.id().equals(TOO_LARGE) || options.top() == 1 && !options.all()) {
        throw e;
      }
      return page(views, options.all() ? options.folded() : options.withTop(options.top() / 2));
    }
  }
}
