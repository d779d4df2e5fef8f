package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.recording.RecordedToken;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DisplayTextTest {
  @ParameterizedTest
  @CsvSource({
    "000A, ↵",
    "0009, ⇥",
    "000D, ␍",
    "001B, ␛",
    "0000, ␀",
    "007F, ␡",
    "0085, ‹U+0085›",
    "009B, ‹U+009B›",
    "202E, ‹U+202E›",
    "2066, ‹U+2066›",
    "200F, ‹U+200F›",
    "061C, ‹U+061C›",
    "2028, ‹U+2028›",
    "FEFF, ‹U+FEFF›",
    "E0041, ‹U+E0041›",
    "D800, \ufffd",
    "0061, a",
    "65E5, 日"
  })
  void showsWhatAScreenWouldObey(String codePoint, String shown) {
    String text = new StringBuilder().appendCodePoint(Integer.parseInt(codePoint, 16)).toString();
    assertEquals(shown, DisplayText.visible(text));
  }

  @Test
  void putsSplitCharactersTogether() {
    assertEquals(List.of("€", "‥", "‥", "x"), shown("<0xE2>", "<0x82>", "<0xAC>", "x"));
    assertEquals(List.of("😀", "‥", "‥", "‥"), shown("<0xF0>", "<0x9F>", "<0x98>", "<0x80>"));
    assertEquals(List.of("A", "↵"), shown("<0x41>", "<0x0A>"));
  }

  @Test
  void leavesBrokenBytesAsTheyAre() {
    assertEquals(List.of("<0xE2>", "<0x82>"), shown("<0xE2>", "<0x82>"));
    assertEquals(List.of("<0x82>", "A"), shown("<0x82>", "<0x41>"));
    // Overlong and surrogate encodings have the right shape but are no UTF-8.
    assertEquals(List.of("<0xE0>", "<0x80>", "<0x80>"), shown("<0xE0>", "<0x80>", "<0x80>"));
    assertEquals(List.of("<0xED>", "<0xA0>", "<0x80>"), shown("<0xED>", "<0xA0>", "<0x80>"));
  }

  @Test
  void neutralisesSplitControlsToo() {
    assertEquals(List.of("‹U+202E›", "‥", "‥"), shown("<0xE2>", "<0x80>", "<0xAE>"));
  }

  @Test
  void doesNotJoinBytesOfDifferentSequences() {
    List<RecordedToken> tokens =
        List.of(
            new RecordedToken(0, 4, 1, "<0xC3>", false, false),
            new RecordedToken(1, 0, 2, "<0xA9>", false, false));
    assertEquals(List.of("<0xC3>", "<0xA9>"), DisplayText.of(tokens));
  }

  private static List<String> shown(String... texts) {
    List<RecordedToken> tokens = new ArrayList<>();
    for (String text : texts) {
      tokens.add(new RecordedToken(0, tokens.size(), 9, text, false, false));
    }
    return DisplayText.of(tokens);
  }
}
