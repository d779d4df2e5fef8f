package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.view.AnsiView.Extent;
import dev.tapscope.view.Terminal.Colours;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AnsiViewTest {
  private static final Terminal PLAIN = new Terminal(Colours.NONE, 100, true);

  /** Written by hand from the run in {@link HandMade}; the shares are 4/8, 8/8, 6/8 and so on. */
  private static final String SCREEN =
      """
      gemma2 · tiny
      edit: steer l9/1 1x @prompt    h += 8 * W_dec[1] at res.3

      l9 at res.3, JumpReLU SAE with 5 features    8 tokens
      L0 1.43, relative error 0.25, both without BOS. Relative error is ||x - xhat|| / ||x||. FVU needs a
      data set's mean, which a prompt does not have, so it is not shown.
      Folded away: BOS (3.00 active features); 1 feature denser than 10 %. --all shows them.

       The <b>"␛[31m‹U+202E›'&€‥‥↵
       ▄▄▄████████████████████
       ▸ 日本
        ▆▆▆▆▆

      bars  ▁▂▄▆█  l9/1 France & <wine>, at most 8.00 here
      Full colour is the feature's own maximum over 40,489 tokens.

      token           strongest features, activation
      The                1  4.00 ▄ France & <wi…
       <b>"␛[31m‹U+…     1  8.00 █ France & <wi…     2  1.00 ▂ –
      €                  2  2.00 ▄ –
      ‥
      ‥                  3  0.50 ▂ –
      ↵
       日本              1  6.00 ▆ France & <wi…     2  4.00 █ –                 3  2.00 █ –

      feature    max  of scale  tokens  density  where    label
            1   8.00   100.0 %       3    1.0 %  ▄█····▆  France & <wine>
            2   4.00   100.0 %       3    2.0 %  ·▂▄···█  –
            3   2.00   100.0 %       2   10.0 %  ····▂·█  –
      """;

  @Test
  void drawsThePlainScreen() {
    assertEquals(SCREEN, AnsiView.render(HandMade.view(), PLAIN, Extent.FULL));
  }

  @Test
  void lightsATokenByTheOpacityLaw() {
    // "The" reaches 4 of 8, opacity 0.7533 of #1d4ed8 over #0b1220: 11 + 18 * 0.7533 = 24.6,
    // 18 + 60 * 0.7533 = 63.2, 32 + 184 * 0.7533 = 170.6.
    String screen =
        AnsiView.render(HandMade.view(), new Terminal(Colours.TRUE, 100, true), Extent.FULL);
    assertTrue(
        screen.contains("\u001b[48;2;25;63;171m\u001b[38;2;226;232;240mThe\u001b[0m"), screen);
  }

  @Test
  void usesTheNearestPaletteColour() {
    // Background 25, 63, 171: nearest 0, 95, 175, levels 0, 1, 3: 16 + 6 + 3 = 25. Text 226, 232,
    // 240: nearest 215, 215, 255, levels 4, 4, 5: 16 + 144 + 24 + 5 = 189.
    String screen =
        AnsiView.render(HandMade.view(), new Terminal(Colours.PALETTE, 100, true), Extent.FULL);
    assertTrue(screen.contains("\u001b[48;5;25m\u001b[38;5;189mThe\u001b[0m"), screen);
  }

  @Test
  void letsNoControlCharacterOfAPromptThrough() {
    for (Colours colours : Colours.values()) {
      String screen =
          AnsiView.render(HandMade.view(), new Terminal(colours, 100, true), Extent.FULL);
      String without = screen.replaceAll("\u001b\\[[0-9;]*m", "");
      assertFalse(without.chars().anyMatch(c -> (c != '\n' && c < 0x20) || c == 0x202e));
      assertFalse(screen.contains("\u001b[31m"));
    }
  }

  @Test
  void showsTheSameNumbersWithColoursAsWithout() {
    String coloured =
        AnsiView.render(HandMade.view(), new Terminal(Colours.TRUE, 100, true), Extent.FULL)
            .replaceAll("\u001b\\[[0-9;]*m", "");
    for (String number : List.of("4.00", "8.00", "100.0 %", "1.0 %", "France & <wine>")) {
      assertTrue(coloured.contains(number), number);
    }
  }

  @Test
  void wrapsBetweenTokens() {
    String screen =
        AnsiView.render(HandMade.view(), new Terminal(Colours.NONE, 40, true), Extent.BRIEF);
    assertTrue(
        Arrays.stream(screen.split("\n", -1)).anyMatch(" The <b>\"␛[31m‹U+202E›'&€‥‥↵"::equals));
    for (String line : screen.split("\n", -1)) {
      boolean strip = line.contains("The <b>") || line.startsWith(" ▸");
      assertTrue(!strip || Columns.of(line) <= 40, line);
    }
    assertFalse(screen.contains("strongest features"), "brief leaves the tokens out");
  }

  @Test
  void opensWhatIsFoldedOnRequest() {
    String folded = AnsiView.render(HandMade.view(), PLAIN, Extent.FULL);
    assertFalse(folded.contains("<bos>"));
    assertFalse(folded.contains("(dense)"));
    String opened =
        AnsiView.render(
            HandMade.view(new ViewOptions(5, true, Optional.empty(), Optional.empty())),
            PLAIN,
            Extent.FULL);
    assertTrue(opened.contains(" <bos>"));
    assertTrue(opened.contains("(dense)"));
    assertTrue(opened.contains("Shown with the rest: BOS"));
  }
}
