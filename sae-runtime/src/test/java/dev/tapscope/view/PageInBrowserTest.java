package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * The page in a real browser, with a real mouse; screenshots are kept under {@code target}. Skipped
 * with a visible line where no Chromium is on PATH.
 */
class PageInBrowserTest {
  private static final String STATUS = "document.querySelector('.now').textContent";
  private static final String LISTED =
      "[...document.querySelectorAll('tr.feature')].filter(r => r.offsetParent !== null)"
          + ".map(r => r.querySelector('.id').textContent).join(' ')";
  private static final String LOCKED =
      "[...document.querySelectorAll('.tok[aria-pressed=true]')].map(t => t.dataset.i).join(' ')";

  @Test
  void filtersLocksColoursAndUnfolds() throws Exception {
    Optional<Path> chromium = Browser.find();
    if (chromium.isEmpty()) {
      System.err.println("SKIPPED: no Chromium on PATH, so the HTML page was not opened in one.");
    }
    Assumptions.assumeTrue(chromium.isPresent(), "no Chromium on PATH");
    Path shots = Files.createDirectories(Path.of("target", "screenshots"));
    // Not a @TempDir: Chromium's helpers may still write there when the test ends.
    Path profile = Files.createTempDirectory(shots.toAbsolutePath(), "chromium-");
    Path page = Files.writeString(profile.resolve("view.html"), HtmlView.render(HandMade.view()));

    try (Browser browser = Browser.open(chromium.get(), profile, page)) {
      assertEquals("1 2 3", browser.evaluate(LISTED).asString(), "BOS and dense ones are folded");
      assertEquals(
          "none",
          browser
              .evaluate("getComputedStyle(document.querySelector('.tok.bos')).display")
              .asString());
      String idle = browser.evaluate(STATUS).asString();
      Files.write(shots.resolve("page.png"), browser.screenshot());

      browser.pointAt(".tok[data-i=\"3\"]"); // the euro sign, where 2 alone fires
      assertEquals("2", browser.evaluate(LISTED).asString());
      assertEquals("", browser.evaluate(LOCKED).asString());

      browser.click(".tok[data-i=\"7\"]"); // the generated word: 1 at 6, 2 at 4, 3 at 2
      assertEquals("7", browser.evaluate(LOCKED).asString());
      assertEquals("1 2 3", browser.evaluate(LISTED).asString());
      browser.pointAt("h1");
      assertTrue(browser.evaluate(STATUS).asString().contains("Locked"));
      assertEquals(
          "6.00 4.00 2.00",
          browser
              .evaluate(
                  "[...document.querySelectorAll('.here b')].map(b => b.textContent).join(' ')")
              .asString());
      Files.write(shots.resolve("locked.png"), browser.screenshot());

      browser.pointAt("tr.feature[data-name=\"l9/3\"]"); // 3 fires at 0.5 of 2 at token 5
      assertEquals(
          0.05 + 0.95 * Math.log10(1 + 9 * 0.25),
          browser
              .evaluate(
                  "+document.querySelector('.tok[data-i=\"5\"]').style.getPropertyValue('--a')")
              .asDouble(),
          1e-6);
      assertEquals(
          "l9/3",
          browser.evaluate("document.querySelector('.legend-name').textContent").asString());

      browser.press("Escape");
      assertEquals("", browser.evaluate(LOCKED).asString());
      browser.pointAt("h1");
      assertEquals(idle, browser.evaluate(STATUS).asString());

      browser.click(".show-dense");
      browser.click(".show-bos");
      assertEquals("1 2 3 0 4", browser.evaluate(LISTED).asString());

      browser.evaluate("document.querySelector('.tok[tabindex=\"0\"]').focus()");
      browser.press("ArrowRight");
      browser.press("Enter");
      assertEquals("2", browser.evaluate(LOCKED).asString(), "keys reach what the mouse reaches");
      browser.preferDark();
      Files.write(shots.resolve("dark.png"), browser.screenshot());
      assertEquals(
          "rgb(11, 18, 32)",
          browser.evaluate("getComputedStyle(document.body).backgroundColor").asString());
    }
  }
}
