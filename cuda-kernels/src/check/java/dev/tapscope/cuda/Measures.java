package dev.tapscope.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What a part of the check has measured, in lines of a file: {@code name TAB value}, a value being
 * a number or words. A line is written as soon as it is known, so that a part that breaks off keeps
 * what came before; the script and the program for PyTorch write lines too.
 *
 * <p>Names end in their unit, as in {@code "encode exact F=16384, ms"}. What is wrong has a name
 * that begins with {@link #FAILED}.
 */
final class Measures {
  static final String FAILED = "FAILED ";

  private final Path file;
  private int checks;

  Measures(Path file) {
    this.file = file;
  }

  void add(String name, double value) {
    add(name, Double.toString(value));
    System.out.printf(Locale.ROOT, "  %-62s %.6g%n", name, value);
  }

  void say(String name, String words) {
    add(name, words);
    System.out.printf("  %-62s %s%n", name, words);
  }

  /** Something that is not as it has to be; the part goes on. */
  void fail(String name, String why) {
    say(FAILED + name, why);
  }

  /** A value and the most it may be; NaN is too much. Said only where it is too much. */
  void check(String name, double value, double most) {
    add(name, Double.toString(value));
    checks++;
    if (!(value <= most)) {
      fail(name, String.format(Locale.ROOT, "%.6g, at most %.6g", value, most));
    }
  }

  /** {@link #close(String, double[], double[], double)}. */
  void close(String name, float[] got, double[] expected, double most) {
    close(name, IntStream.range(0, got.length).mapToDouble(i -> got[i]).toArray(), expected, most);
  }

  /** The length of a difference over the length of what is expected, and the most it may be. */
  void close(String name, double[] got, double[] expected, double most) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < got.length; i++) {
      difference += (got[i] - expected[i]) * (got[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    check(name, Math.sqrt(difference / Math.max(size, 1e-30)), most);
  }

  /** Does one piece of a part; what it throws is a failure of its own. */
  void attempt(String name, Piece piece) {
    int before = checks;
    try {
      piece.run();
      if (checks > before) {
        System.out.printf("  %-62s %d comparisons%n", name, checks - before);
      }
    } catch (Throwable e) { // memory that runs out, too, is to be in the results
      fail(name, e.toString());
    }
  }

  /** What may throw. */
  interface Piece {
    void run() throws Exception;
  }

  private void add(String name, String value) {
    String line = oneLine(name) + "\t" + oneLine(value) + "\n";
    try {
      Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String oneLine(String text) {
    return text.replaceAll("[\\t\\r\\n]+", " ");
  }

  /** Everything in the file, numbers as doubles; of two lines of one name the later one. */
  static Map<String, Object> read(Path file) throws IOException {
    Map<String, Object> values = new LinkedHashMap<>();
    for (String line : Files.readAllLines(file)) {
      int tab = line.indexOf('\t');
      if (tab > 0) {
        values.put(line.substring(0, tab), value(line.substring(tab + 1)));
      }
    }
    return values;
  }

  private static Object value(String text) {
    try {
      return Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      return text;
    }
  }

  /** A number among values that were read; empty where it was not measured. */
  static OptionalDouble number(Map<String, Object> values, String name) {
    return values.get(name) instanceof Double number
        ? OptionalDouble.of(number)
        : OptionalDouble.empty();
  }
}
