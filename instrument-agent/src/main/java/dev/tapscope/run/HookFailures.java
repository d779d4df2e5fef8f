package dev.tapscope.run;

import dev.tapscope.ledger.Problem;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Exceptions of hooks: the first at each place is printed, all are counted. Thread-safe. */
final class HookFailures {
  private final PrintStream err;
  private int stopsSwallowed;
  private final Map<String, Integer> counts = new TreeMap<>();
  private final Map<String, Throwable> firsts = new TreeMap<>();
  private final Map<String, Problem> told = new TreeMap<>();

  HookFailures(PrintStream err) {
    this.err = err;
  }

  synchronized void add(String place, Throwable cause) {
    if (counts.merge(place, 1, Integer::sum) == 1) {
      firsts.put(place, cause);
      err.println(
          "tapscope: [hook-failed] "
              + place
              + " failed. What it had written is put back, and the run fails when it closes.");
      cause.printStackTrace(err);
    }
  }

  /** What a run could not go on with, and its caller has been told or ended with. */
  synchronized void remember(TapscopeException cause) {
    told.putIfAbsent(cause.line(), Problem.of(cause));
  }

  /** The model caught what was to end its pass, and went on computing. */
  synchronized void stopSwallowed() {
    stopsSwallowed++;
  }

  synchronized List<Problem> problems() {
    List<Problem> problems = new ArrayList<>(ofHooks());
    problems.addAll(told.values());
    if (stopsSwallowed > 0) {
      problems.add(
          Problem.failed(
              "stop-swallowed",
              "The rest of a pass was not wanted, and the model caught the error that was to end it"
                  + " and went on ("
                  + stopsSwallowed
                  + (stopsSwallowed == 1 ? " pass" : " passes")
                  + "). Its result is not one to rely on. Look for a catch (Throwable) in the"
                  + " model, and take whole passes of it."));
    }
    return problems;
  }

  private List<Problem> ofHooks() {
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
