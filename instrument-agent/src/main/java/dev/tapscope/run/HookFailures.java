package dev.tapscope.run;

import dev.tapscope.ledger.Problem;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Exceptions of hooks: the first at each place is printed, all are counted. Thread-safe. */
final class HookFailures {
  private final PrintStream err;
  private final Map<String, Integer> counts = new TreeMap<>();
  private final Map<String, Throwable> firsts = new TreeMap<>();

  HookFailures(PrintStream err) {
    this.err = err;
  }

  synchronized void add(String place, Throwable cause) {
    if (counts.merge(place, 1, Integer::sum) == 1) {
      firsts.put(place, cause);
      err.println(
          "tapscope: [hook-failed] "
              + place
              + " failed; the model goes on with its own values, and the run will end with exit"
              + " code 1.");
      cause.printStackTrace(err);
    }
  }

  synchronized List<Problem> problems() {
    return counts.entrySet().stream()
        .map(e ->
            Problem.failed(
                "hook-failed",
                upper(e.getKey())
                    + " failed "
                    + e.getValue()
                    + (e.getValue() == 1 ? " time" : " times")
                    + ", first with "
                    + firsts.get(e.getKey())
                    + ". What it had written was put back, so the output is not that of the"
                    + " edits asked for."))
        .toList();
  }

  private static String upper(String words) {
    return Character.toUpperCase(words.charAt(0)) + words.substring(1);
  }
}
