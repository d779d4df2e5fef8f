package dev.tapscope.hooks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The shortest way from one list of lines to another (E. W. Myers, "An O(ND) difference algorithm
 * and its variations", Algorithmica 1, 1986).
 */
final class LineDiff {
  /** Unchanged lines shown on either side of a change. */
  private static final int CONTEXT = 3;

  private final List<String> before;
  private final List<String> after;

  LineDiff(List<String> before, List<String> after) {
    this.before = before;
    this.after = after;
  }

  /**
   * The changes with some lines around them, each line marked {@code ' '}, {@code '-'} or {@code
   * '+'}; {@code ...} stands for unchanged lines left out. Empty when nothing changed.
   */
  static List<String> of(List<String> before, List<String> after) {
    return before.equals(after) ? List.of() : new LineDiff(before, after).hunks();
  }

  private List<String> hunks() {
    List<String> script = script();
    boolean[] shown = new boolean[script.size()];
    for (int i = 0; i < script.size(); i++) {
      if (script.get(i).charAt(0) != ' ') {
        int from = Math.max(0, i - CONTEXT);
        Arrays.fill(shown, from, Math.min(script.size(), i + CONTEXT + 1), true);
      }
    }
    List<String> hunks = new ArrayList<>();
    for (int i = 0; i < script.size(); i++) {
      if (shown[i]) {
        hunks.add(script.get(i));
      } else if (i == 0 || shown[i - 1]) {
        hunks.add("...");
      }
    }
    return hunks;
  }

  /** Every line of both, in order, marked. */
  List<String> script() {
    List<int[]> reached = furthest();
    List<String> script = new ArrayList<>();
    int x = before.size();
    int y = after.size();
    for (int edits = reached.size() - 1; edits >= 0; edits--) {
      int[] last = reached.get(edits);
      int diagonal = x - y;
      boolean down = edits > 0 && isInsertion(last, edits, diagonal);
      int from = edits == 0 ? 0 : last[edits + (down ? diagonal + 1 : diagonal - 1)];
      int begin = edits == 0 ? 0 : down ? from : from + 1;
      while (x > begin) {
        script.add(' ' + before.get(x - 1));
        x--;
        y--;
      }
      if (edits > 0) {
        script.add(down ? '+' + after.get(--y) : '-' + before.get(--x));
      }
    }
    Collections.reverse(script);
    return script;
  }

  /**
   * For each number of edits the lines of {@code before} passed on each diagonal with one edit
   * less; diagonal k lies at index {@code edits + k}.
   */
  private List<int[]> furthest() {
    int most = before.size() + after.size();
    List<int[]> reached = new ArrayList<>();
    int[] last = {0, 0, 0};
    for (int edits = 0; edits <= most; edits++) {
      reached.add(last);
      int[] next = new int[2 * edits + 3];
      for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
        int x = 0;
        if (edits > 0) {
          x =
              isInsertion(last, edits, diagonal)
                  ? last[edits + diagonal + 1]
                  : last[edits + diagonal - 1] + 1;
        }
        int y = x - diagonal;
        while (x < before.size() && y < after.size() && before.get(x).equals(after.get(y))) {
          x++;
          y++;
        }
        next[edits + 1 + diagonal] = x;
        if (x >= before.size() && y >= after.size()) {
          return reached;
        }
      }
      last = next;
    }
    throw new IllegalStateException(
        "every list can be reached by as many edits as both have lines");
  }

  /** Whether the furthest way onto a diagonal comes by adding a line rather than dropping one. */
  private static boolean isInsertion(int[] last, int edits, int diagonal) {
    return diagonal == -edits
        || (diagonal != edits && last[edits + diagonal - 1] < last[edits + diagonal + 1]);
  }
}
