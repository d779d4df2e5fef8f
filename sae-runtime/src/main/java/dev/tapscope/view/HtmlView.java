package dev.tapscope.view;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Locale;

/**
 * The screen as one self-contained page: no network, readable without scripts, well-formed XML.
 * With scripts, pointing at a token filters the list to its features, a click keeps it, and
 * pointing at a feature colours the tokens it fires at.
 */
public final class HtmlView {
  /** Browsers become slow well before their limits. */
  static final int MOST_BYTES = 5 * 1024 * 1024;

  private HtmlView() {}

  /**
   * Renders the page.
   *
   * @throws TapscopeException {@code page-too-large} above 5 MB
   */
  public static String render(TokenView view) {
    String css = resource("page.css");
    String js = "//<![CDATA[\n" + resource("page.js") + "//]]>";
    Markup page = new Markup();
    page.raw("<!DOCTYPE html>\n");
    page.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en").line();
    page.open("head").line().empty("meta", "charset", "utf-8").line();
    page.empty(
            "meta", "http-equiv", "Content-Security-Policy", "content", contentSecurityPolicy(js))
        .line();
    page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1").line();
    page.element("title", view.title() + " · Tapscope").line();
    page.open("style").raw("/*<![CDATA[*/\n" + css + "/*]]>*/").close().line();
    page.close().line().open("body").line();
    head(page, view);
    for (int i = 0; i < view.sheets().size(); i++) {
      new HtmlSheet(page, view, view.sheets().get(i), "sae" + i).write();
    }
    foot(page);
    page.open("script").raw(js).close().line().close().line().close().line();
    return checked(page.toString());
  }

  private static void head(Markup page, TokenView view) {
    page.open("header").element("p", "Tapscope", "class", "brand");
    page.element("h1", view.title()).line();
    for (TokenView.Edit edit : view.edits()) {
      page.open("p", "class", "edit").element("code", edit.text()).text(edit.formula()).close();
    }
    view.notes().forEach(note -> page.element("p", note, "class", "quiet").line());
    if (view.sheets().size() > 1) {
      page.open("nav", "class", "quiet", "aria-label", "SAEs");
      for (int i = 0; i < view.sheets().size(); i++) {
        page.element("a", Wording.heading(view.sheets().get(i)), "href", "#sae" + i);
      }
      page.close();
    }
    page.close().line();
    if (view.sheets().isEmpty()) {
      page.element("p", "No SAE was attached to this run; these are its tokens.");
      HtmlSheet.plainStrips(page, view);
    }
  }

  private static void foot(Markup page) {
    page.open("footer", "class", "quiet");
    page.element("p", Wording.NO_FVU);
    page.element(
        "p",
        "A label is somebody's reading of a feature and can be wrong. Dotted underlines and ▸ mark"
            + " text the model generated; ‥ stands for the later bytes of a split character.");
    page.close().line();
  }

  /** Nothing is loaded, and only this very script runs. */
  private static String contentSecurityPolicy(String js) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(js.getBytes(StandardCharsets.UTF_8));
      return "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
          + Base64.getEncoder().encodeToString(hash)
          + "'; base-uri 'none'; form-action 'none'";
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private static String checked(String page) {
    int bytes = page.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MOST_BYTES) {
      throw TapscopeException.failed(
          "page-too-large",
          String.format(
              Locale.ROOT,
              "The page would have %.1f MB, and above 5 MB browsers become slow. Show one SAE with"
                  + " --sae NAME, fewer features with --top 2, or write --json instead.",
              bytes / 1048576.0));
    }
    return page;
  }

  private static String resource(String name) {
    try (InputStream in = HtmlView.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
