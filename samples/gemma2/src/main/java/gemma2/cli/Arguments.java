package gemma2.cli;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The options that were given, checked against those a command knows. */
final class Arguments {

  private final Map<String, String> given;

  private Arguments(Map<String, String> given) {
    this.given = given;
  }

  /** Reads {@code --name value}, {@code --name=value} and switches. */
  static Arguments parse(List<Option> known, List<String> words) {
    Map<String, Option> byName =
        known.stream().collect(Collectors.toMap(Option::name, option -> option));
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      int equals = word.startsWith("--") ? word.indexOf('=') : -1;
      String written = equals < 0 ? word : word.substring(0, equals);
      String name = written.equals("-h") ? "--help" : written;
      Option option = byName.get(name);
      if (option == null) {
        throw unknown(name, known);
      }
      String value = "";
      if (option.isSwitch() && equals >= 0) {
        throw new UsageException("The option %s takes no value.".formatted(name));
      } else if (!option.isSwitch() && equals >= 0) {
        value = word.substring(equals + 1);
      } else if (!option.isSwitch()) {
        if (++i == words.size()) {
          throw new UsageException("The option %s needs a value.".formatted(option.synopsis()));
        }
        value = words.get(i);
      }
      if (given.put(name, value) != null) {
        throw new UsageException("The option %s is given twice.".formatted(name));
      }
    }
    return new Arguments(given);
  }

  boolean has(String name) {
    return given.containsKey(name);
  }

  Optional<String> find(String name) {
    return Optional.ofNullable(given.get(name));
  }

  String require(String name) {
    return find(name)
        .orElseThrow(() -> new UsageException("The option %s is needed.".formatted(name)));
  }

  /** A whole number of at least {@code least}. */
  int integer(String name, int otherwise, int least) {
    Optional<String> value = find(name);
    if (value.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value.get());
      if (number >= least) {
        return number;
      }
      throw wrong(name, "a whole number of at least " + least);
    } catch (NumberFormatException e) {
      throw wrong(name, "a whole number of at least " + least);
    }
  }

  /** Any whole number of 64 bits. */
  long seed(String name, long otherwise) {
    try {
      return has(name) ? Long.parseLong(require(name)) : otherwise;
    } catch (NumberFormatException e) {
      throw wrong(name, "a whole number");
    }
  }

  /** A number from {@code least} to {@code most}. */
  double number(String name, double otherwise, double least, double most) {
    if (!has(name)) {
      return otherwise;
    }
    String wanted = "a number from %s to %s".formatted(least, most);
    try {
      double number = Double.parseDouble(require(name));
      if (number >= least && number <= most) {
        return number;
      }
      throw wrong(name, wanted);
    } catch (NumberFormatException e) {
      throw wrong(name, wanted);
    }
  }

  /** One of some words, the first when the option is not given. */
  String choice(String name, List<String> words) {
    String word = find(name).orElse(words.getFirst());
    if (!words.contains(word)) {
      throw wrong(name, "one of " + String.join(", ", words));
    }
    return word;
  }

  UsageException wrong(String name, String wanted) {
    return new UsageException(
        "%s must be %s, but is \"%s\".".formatted(name, wanted, given.get(name)));
  }

  private static UsageException unknown(String name, List<Option> known) {
    if (!name.startsWith("-")) {
      return new UsageException(
          "\"%s\" is not an option. A text is given as --prompt \"...\".".formatted(name));
    }
    return new UsageException(
        "There is no option %s.%s"
            .formatted(name, nearest(name, known.stream().map(Option::name).toList())));
  }

  /** A hint at the word that was probably meant, or nothing. */
  static String nearest(String word, List<String> words) {
    return words.stream()
        .min(Comparator.comparingInt(other -> distance(word, other)))
        .filter(other -> distance(word, other) <= 3)
        .map(" Did you mean %s?"::formatted)
        .orElse("");
  }

  /** How many letters to insert, delete or change. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
