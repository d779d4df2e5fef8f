package dev.tapscope.edit;

import java.nio.file.Path;

/** Text in double quotes, with {@code \"}, {@code \\}, {@code \n}, {@code \r} and {@code \t}. */
final class Quoted {
  private static final String PLAIN = "\"\\\n\r\t";
  private static final String LETTER = "\"\\nrt";

  private Quoted() {}

  static String print(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      int special = PLAIN.indexOf(c);
      if (special >= 0) {
        quoted.append('\\').append(LETTER.charAt(special));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  /** A path, in quotes where its end could not be told without them. */
  static String path(Path path) {
    String text = path.toString();
    boolean plain = text.equals(text.strip()) && !text.isEmpty() && !text.startsWith("\"");
    return plain && !text.contains(" @") ? text : print(text);
  }

  /** The character an escape stands for, or -1 when there is no such escape. */
  static int unescape(char letter) {
    int special = LETTER.indexOf(letter);
    return special < 0 ? -1 : PLAIN.charAt(special);
  }
}
