package dev.tapscope.profile;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The words of the profile grammar: which names are legal, and the keywords. */
final class Names {
  /** Header lines, before the first tap. */
  static final List<String> HEADER = List.of("profile", "bos", "text");

  /** Lines of a tap. */
  static final List<String> TAP =
      List.of(
          "in", "body", "at", "entry", "exit", "after", "before", "around", "loop", "value",
          "layer", "pos", "cache", "rows", "alias");

  /** First words of operands. */
  static final List<String> OPERANDS =
      List.of("this", "arg", "local", "slot", "stack", "call", "index", "return");

  /** Number of local variables a method can have (JVMS 4.11). */
  static final int MOST_SLOTS = 65535;

  /** Names of sites: also safe as parts of tensor names and of addresses. */
  static final Pattern SITE = Pattern.compile("[A-Za-z][A-Za-z0-9_]*");

  /** Names other tools use, {@code ln2.hook_normalized}; a number after a dot would be a layer. */
  static final Pattern ALIAS = Pattern.compile("[A-Za-z][A-Za-z0-9_]*(\\.[A-Za-z][A-Za-z0-9_]*)*");

  /** A fingerprint of a body: eight hexadecimal digits. */
  static final Pattern BODY = Pattern.compile("[0-9a-f]{8}");

  /** Names of profiles and codecs. */
  static final Pattern PROFILE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  private static final Pattern ARRAY_SUFFIX = Pattern.compile("(\\[\\])*");

  private Names() {}

  static boolean isIdentifier(String word) {
    return !word.isEmpty()
        && Character.isJavaIdentifierStart(word.charAt(0))
        && word.chars().allMatch(Character::isJavaIdentifierPart);
  }

  /** Whether a word is a class name, with or without its package. */
  static boolean isClass(String word) {
    return List.of(word.split("\\.", -1)).stream().allMatch(Names::isIdentifier);
  }

  /** Whether a word can own a method: a class, or an array ({@code float[].clone}). */
  static boolean isOwner(String word) {
    return erasedType(word).filter(word::equals).isPresent();
  }

  /** Whether the rest of a word is the name of a method or constructor. */
  static boolean isMethod(String word, int from) {
    String name = word.substring(from);
    return isIdentifier(name) || name.equals("<init>") || name.equals("<clinit>");
  }

  /**
   * A type as the class file knows it: type arguments dropped, {@code float...} is {@code float[]};
   * empty when the text is no type.
   */
  static Optional<String> erasedType(String text) {
    String type = text.replace("...", "[]");
    int open = type.indexOf('<');
    if (open >= 0) {
      int close = type.lastIndexOf('>');
      if (close < open) {
        return Optional.empty();
      }
      type = type.substring(0, open) + type.substring(close + 1);
    }
    type = type.replaceAll("\\s+(?=\\[)", "").strip();
    int array = type.indexOf('[');
    String element = array < 0 ? type : type.substring(0, array);
    String brackets = array < 0 ? "" : type.substring(array);
    return isClass(element) && ARRAY_SUFFIX.matcher(brackets).matches()
        ? Optional.of(type)
        : Optional.empty();
  }
}
