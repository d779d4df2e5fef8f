package dev.tapscope.edit;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one edit, from left to right. */
final class EditParser {
  private static final List<String> OPERATIONS =
      List.of("steer", "ablate", "clamp", "clamp-active", "splice", "zero", "mean", "add", "patch");

  private static final List<String> SCOPES =
      List.of("all", "all+bos", "prompt", "generated", "last");

  private static final Pattern FEATURE = Pattern.compile("([^/\\s@]+)/([0-9]{1,9})");
  private static final Pattern NAME = Pattern.compile("[^/\\s@]+");

  private static final Pattern VALUE =
      Pattern.compile("([-+]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?)([xn]?)");

  private static final Pattern POSITION = Pattern.compile("[0-9]{1,9}");
  private static final Pattern RANGE = Pattern.compile("([0-9]{1,9})\\.\\.([0-9]{1,9})");
  private static final String TOKEN = "token:";

  /** What follows the folder of a donor run; the folder may hold # and @ of its own. */
  private static final Pattern DONOR_ROWS = Pattern.compile("#([0-9]{1,9})@([^\\s#@]+)\\s*$");

  private final String text;
  private int at;

  /** Where the word just read starts. */
  private int start;

  EditParser(String text) {
    this.text = text;
  }

  Edit edit() {
    String operation = word("an operation: " + String.join(", ", OPERATIONS));
    Edit edit =
        switch (operation) {
          case "steer" -> {
            Feature feature = feature();
            Strength strength = strength();
            yield new Edit.Steer(feature, strength, scope());
          }
          case "ablate" -> new Edit.Ablate(feature(), scope());
          case "clamp", "clamp-active" -> {
            Feature feature = feature();
            Strength strength = strength();
            yield new Edit.Clamp(feature, strength, operation.equals("clamp-active"), scope());
          }
          case "splice" -> {
            String sae = name();
            boolean error = error();
            yield new Edit.Splice(sae, error, scope());
          }
          case "zero" -> {
            String address = address();
            yield new Edit.Zero(address, scope());
          }
          case "mean" -> {
            String address = address();
            Path source = file("a file or run folder that holds the mean");
            yield new Edit.Mean(address, source, scope());
          }
          case "add" -> {
            String address = address();
            Path file = file("a file that holds the vector");
            yield new Edit.Add(address, file, scope());
          }
          case "patch" -> patch();
          default -> throw unknownOperation(operation);
        };
    if (!atEnd()) {
      start = at;
      throw error("\"%s\" comes after the end of the edit".formatted(text.substring(at)));
    }
    return edit;
  }

  private TapscopeException unknownOperation(String operation) {
    return error(
        "\"%s\" is no operation%s Operations are %s"
            .formatted(operation, hint(operation, OPERATIONS), String.join(", ", OPERATIONS)));
  }

  private String address() {
    return word("an address, such as att.2");
  }

  private Edit.Patch patch() {
    String address = address();
    Scope scope = !atEnd() && text.charAt(at) == '@' ? scope() : Scope.DEFAULT;
    String from = word("from RUN#SEQUENCE@WHERE");
    if (!from.equals("from")) {
      throw error(
          "\"%s\" stands where a scope or \"from\" was wanted%s"
              .formatted(from, Nearest.hint(from, List.of("from"))));
    }
    Donor donor = donor();
    checkLengths(scope, donor.where());
    return new Edit.Patch(address, scope, donor);
  }

  private Donor donor() {
    word("a run, such as france#0@last");
    Matcher rows = DONOR_ROWS.matcher(text);
    if (!rows.find(start)) {
      throw error(
          "\"%s\" names no rows of a run; write RUN#SEQUENCE@WHERE, where WHERE is last, N or A..B"
              .formatted(text.substring(start)));
    }
    at = start;
    boolean quotes = text.charAt(at) == '"';
    Path run = path(quotes ? quoted() : text.substring(at, rows.start()).strip());
    if (quotes && at != rows.start()) {
      start = at;
      throw error("after the quoted folder comes #SEQUENCE@WHERE");
    }
    at = text.length();
    start = rows.start(2) - 1;
    String where = rows.group(2);
    Scope positions =
        where.equals("last")
            ? new Scope.Last()
            : positions(where)
                .orElseThrow(() ->
                    error(
                        "\"@%s\" names no row to take; write @last, @N or @A..B".formatted(where)));
    return new Donor(run, Integer.parseInt(rows.group(1)), positions);
  }

  /** One row can stand at any number of positions, several only at as many. */
  private void checkLengths(Scope scope, Scope where) {
    if (where instanceof Scope.Range from
        && !(scope instanceof Scope.Range to && to.length() == from.length())) {
      throw error(
          "@%s are %d rows to take, and the scope @%s does not name as many positions; write @A..B of the same length on both sides"
              .formatted(from, from.length(), scope));
    }
  }

  /** Up to the scope, which begins with @ after a space; or in double quotes. */
  private Path file(String wanted) {
    word(wanted);
    at = start;
    if (text.charAt(at) == '"') {
      return path(quoted());
    }
    if (text.charAt(at) == '@') {
      throw error(
          "a scope stands where there should be %s; a path that begins with @ is written in double quotes"
              .formatted(wanted));
    }
    int scope = text.indexOf(" @", at);
    at = scope < 0 ? text.length() : scope;
    return path(text.substring(start, at).strip());
  }

  private Path path(String path) {
    if (path.isBlank()) {
      throw error("a path is missing here");
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw error("\"%s\" cannot be a path on this system: %s".formatted(path, e.getReason()));
    }
  }

  private Feature feature() {
    String word = word("a feature, such as l9/76");
    Matcher matcher = FEATURE.matcher(word);
    if (!matcher.matches()) {
      throw error("\"%s\" is no feature; write NAME/INDEX, such as l9/76".formatted(word));
    }
    return new Feature(matcher.group(1), Integer.parseInt(matcher.group(2)));
  }

  private String name() {
    String word = word("the name of an SAE");
    if (!NAME.matcher(word).matches()) {
      throw error("\"%s\" is no name of an SAE; write it without / and @".formatted(word));
    }
    return word;
  }

  private boolean error() {
    if (atEnd() || text.charAt(at) == '@') {
      return false;
    }
    String word = word("error");
    if (!word.equals("error")) {
      throw error(
          "\"%s\" stands where \"error\", a scope or the end was wanted%s"
              .formatted(word, Nearest.hint(word, List.of("error"))));
    }
    return true;
  }

  private Strength strength() {
    String word = word("a value: 40, 1.25x or 0.5n");
    Matcher matcher = VALUE.matcher(word);
    if (!matcher.matches() || !Double.isFinite(Double.parseDouble(matcher.group(1)))) {
      throw error(
          "\"%s\" is no value; write 40 (the site's units), 1.25x (times the feature's maximum) or 0.5n (times the site's mean norm)"
              .formatted(word));
    }
    Strength.Unit unit =
        switch (matcher.group(2)) {
          case "x" -> Strength.Unit.MAX;
          case "n" -> Strength.Unit.NORM;
          default -> Strength.Unit.SITE;
        };
    return new Strength(Double.parseDouble(matcher.group(1)), unit);
  }

  private Scope scope() {
    if (atEnd()) {
      return Scope.DEFAULT;
    }
    if (text.charAt(at) != '@') {
      String word = word("a scope");
      throw error(
          "\"%s\" stands where a scope or the end was wanted; scopes begin with @".formatted(word));
    }
    if (text.startsWith(TOKEN, at + 1)) {
      start = at;
      at += 1 + TOKEN.length();
      return new Scope.Token(quotedToken());
    }
    String word = word("a scope").substring(1);
    return switch (word) {
      case "all" -> new Scope.All(false);
      case "all+bos" -> new Scope.All(true);
      case "prompt" -> new Scope.Prompt();
      case "generated" -> new Scope.Generated();
      case "last" -> new Scope.Last();
      default ->
          positions(word)
              .orElseThrow(() ->
                  error(
                      "\"@%s\" is no scope%s Scopes are @%s, @N, @A..B and @token:\"text\""
                          .formatted(word, hint(word, SCOPES), String.join(", @", SCOPES))));
    };
  }

  private Optional<Scope> positions(String word) {
    if (POSITION.matcher(word).matches()) {
      return Optional.of(new Scope.Position(Integer.parseInt(word)));
    }
    Matcher range = RANGE.matcher(word);
    if (!range.matches()) {
      return Optional.empty();
    }
    int first = Integer.parseInt(range.group(1));
    int last = Integer.parseInt(range.group(2));
    if (last < first) {
      throw error("the range @%s ends before it begins".formatted(word));
    }
    return Optional.of(new Scope.Range(first, last));
  }

  private String quotedToken() {
    if (at == text.length() || text.charAt(at) != '"') {
      throw error("a token is written in double quotes: @token:\" Paris\"");
    }
    return quoted();
  }

  /** What stands in the double quotes that begin here. */
  private String quoted() {
    StringBuilder unquoted = new StringBuilder();
    for (at++; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '"') {
        at++;
        return unquoted.toString();
      }
      if (c == '\\') {
        at++;
        int plain = at < text.length() ? Quoted.unescape(text.charAt(at)) : -1;
        if (plain < 0) {
          start = at - 1;
          throw error("after \\ comes one of \", \\, n, r and t");
        }
        c = (char) plain;
      }
      unquoted.append(c);
    }
    throw error("the double quotes do not end");
  }

  private boolean atEnd() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
    return at == text.length();
  }

  private String word(String wanted) {
    if (atEnd()) {
      start = at;
      throw error("the edit ends where there should be " + wanted);
    }
    start = at;
    while (at < text.length() && text.charAt(at) != ' ') {
      at++;
    }
    return text.substring(start, at);
  }

  private static String hint(String word, List<String> known) {
    String hint = Nearest.hint(word, known);
    return hint.isEmpty() ? "." : hint;
  }

  private TapscopeException error(String found) {
    return TapscopeException.usage(
        "edit-syntax",
        "Edit \"%s\", column %d: %s. Write %s.".formatted(text, start + 1, found, form()));
  }

  private String form() {
    return switch (text.strip().split(" ", 2)[0]) {
      case "mean", "add" -> "OP TARGET FILE [@SCOPE], such as add res.3 vector.npy @prompt";
      case "patch" ->
          "patch TARGET [@SCOPE] from RUN#SEQUENCE@WHERE, such as patch res.4 @last from"
              + " france#0@last";
      default -> "OP TARGET [VALUE] [@SCOPE], such as steer l9/76 1.25x @prompt";
    };
  }
}
