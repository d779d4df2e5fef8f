package dev.tapscope.profile;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Guesses what a misspelt word was meant to be, for error messages. */
public final class Spelling {
  /** Longer words are not compared: the cost is quadratic, and such a word is no typo. */
  private static final int LONGEST = 80;

  private Spelling() {}

  /**
   * The candidate that most resembles a word: at most a third of its letters differ, or one of the
   * two contains the other.
   */
  public static Optional<String> nearest(String word, Collection<String> candidates) {
    return nearest(word, candidates, 1).stream().findFirst();
  }

  /** Up to {@code most} candidates that resemble a word, the best first. */
  public static List<String> nearest(String word, Collection<String> candidates, int most) {
    return candidates.stream()
        .distinct()
        .filter(candidate -> similar(word, candidate))
        .sorted(
            Comparator.<String>comparingInt(candidate -> distance(word, candidate))
                .thenComparing(Comparator.naturalOrder()))
        .limit(most)
        .toList();
  }

  private static boolean similar(String word, String candidate) {
    if (word.isEmpty() || word.length() > LONGEST || candidate.length() > LONGEST) {
      return false;
    }
    String shorter = word.length() < candidate.length() ? word : candidate;
    String longer = word.length() < candidate.length() ? candidate : word;
    boolean contained =
        shorter.length() >= 3
            && longer.toLowerCase(Locale.ROOT).contains(shorter.toLowerCase(Locale.ROOT));
    return contained || distance(word, candidate) <= Math.max(1, longer.length() / 3);
  }

  /**
   * Edits that turn one word into the other, case ignored: insertion, deletion, change, and swap of
   * neighbours (optimal string alignment distance).
   */
  private static int distance(String left, String right) {
    String a = left.toLowerCase(Locale.ROOT);
    String b = right.toLowerCase(Locale.ROOT);
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int best = cost[i - 1][j - 1] + (same ? 0 : 1);
        best = Math.min(best, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          best = Math.min(best, cost[i - 2][j - 2] + 1);
        }
        cost[i][j] = best;
      }
    }
    return cost[a.length()][b.length()];
  }
}
