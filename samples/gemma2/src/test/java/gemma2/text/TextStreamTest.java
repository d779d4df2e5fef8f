package gemma2.text;

import static gemma2.testing.TinyTokenizer.BYTES;
import static gemma2.testing.TinyTokenizer.LETTERS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gemma2.testing.TinyTokenizer;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextStreamTest {

  private static final int A = LETTERS;

  @TempDir static Path folder;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void read() {
    TinyTokenizer.standard().write(folder);
    tokenizer = Tokenizer.find(folder).orElseThrow();
  }

  @Test
  void holdsBytesBackUntilTheyMakeACharacter() {
    TextStream stream = new TextStream(tokenizer);
    assertEquals("a", stream.next(A));
    assertEquals("", stream.next(BYTES + 0xF0));
    assertEquals("", stream.next(BYTES + 0x9F));
    assertEquals("", stream.next(BYTES + 0x98));
    assertEquals("😀", stream.next(BYTES + 0x80));
    assertEquals("\n", stream.next(BYTES + 0x0A));
    assertEquals("a", stream.next(A));
    assertEquals("", stream.finish());
  }

  @Test
  void replacesBytesThatMakeNoCharacter() {
    assertEquals("\uFFFDa", decode(0xC3, -1));
    assertEquals("\uFFFD", decode(0xC3));
    assertEquals("\uFFFDé", decode(0x80, 0xC3, 0xA9));
    assertEquals("\uFFFDé", decode(0xC3, 0xC3, 0xA9));
    assertEquals("é\uFFFDaé", decode(0xC3, 0xA9, 0xE6, -1, 0xC3, 0xA9));
  }

  /** Bytes, and the letter a for -1. */
  private static String decode(int... bytes) {
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = bytes[i] < 0 ? A : BYTES + bytes[i];
    }
    return TextStream.decode(tokenizer, ids);
  }
}
