package dev.tapscope.view;

import dev.tapscope.recording.RecordedToken;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text made safe and visible for a screen. Prompts, labels and file names are untrusted: control
 * characters could move the cursor, bidirectional controls could reorder what is read.
 */
public final class DisplayText {
  /** Shown for the second and later bytes of a character that the tokenizer split into bytes. */
  static final String CONTINUATION = "‥";

  private static final Pattern BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");

  private DisplayText() {}

  /** Display text of each token; characters split into byte tokens are put together. */
  static List<String> of(List<RecordedToken> tokens) {
    List<String> shown = new ArrayList<>(tokens.size());
    for (int i = 0; i < tokens.size(); ) {
      int length = byteRun(tokens, i);
      Optional<String> character = length > 0 ? decode(tokens, i, length) : Optional.empty();
      if (character.isPresent()) {
        shown.add(visible(character.get()));
        for (int k = 1; k < length; k++) {
          shown.add(CONTINUATION);
        }
        i += length;
      } else {
        shown.add(visible(tokens.get(i).text()));
        i++;
      }
    }
    return shown;
  }

  /** Replaces what a screen would obey by something it shows. */
  public static String visible(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(out, c));
    return out.toString();
  }

  private static void append(StringBuilder out, int c) {
    if (c == '\n') {
      out.append('↵');
    } else if (c == '\t') {
      out.append('⇥');
    } else if (c < 0x20) {
      out.appendCodePoint(0x2400 + c);
    } else if (c == 0x7f) {
      out.append('␡');
    } else if (c >= 0xd800 && c <= 0xdfff) {
      out.append('\ufffd');
    } else if (obeyed(c)) {
      out.append("‹U+%04X›".formatted(c));
    } else {
      out.appendCodePoint(c);
    }
  }

  /** C1 controls, line separators, and format characters but for the two joiners of scripts. */
  private static boolean obeyed(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      case Character.FORMAT -> c != 0x200c && c != 0x200d;
      default -> c == 0xfffe || c == 0xffff;
    };
  }

  /** Number of byte tokens from {@code from} on that one UTF-8 character would take, or 0. */
  private static int byteRun(List<RecordedToken> tokens, int from) {
    int lead = byteOf(tokens.get(from).text());
    int length =
        lead < 0 ? 0 : lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 0 || from + length > tokens.size()) {
      return 0;
    }
    RecordedToken first = tokens.get(from);
    for (int k = 1; k < length; k++) {
      RecordedToken next = tokens.get(from + k);
      int value = byteOf(next.text());
      boolean follows =
          next.sequence() == first.sequence() && next.position() == first.position() + k;
      if (!follows || value < 0) {
        return 0;
      }
    }
    return length;
  }

  private static Optional<String> decode(List<RecordedToken> tokens, int from, int length) {
    byte[] bytes = new byte[length];
    for (int k = 0; k < length; k++) {
      bytes[k] = (byte) byteOf(tokens.get(from + k).text());
    }
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException notUtf8) {
      return Optional.empty(); // overlong or out of range: the tokens are shown as they are
    }
  }

  private static int byteOf(String text) {
    Matcher match = BYTE.matcher(text);
    return match.matches() ? Integer.parseInt(match.group(1), 16) : -1;
  }
}
