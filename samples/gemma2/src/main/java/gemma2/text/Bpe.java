package gemma2.text;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Byte pair encoding of one stretch of text: begins with single characters and merges neighbours,
 * always the pair that comes first in the order of merges, and of equal ones the leftmost.
 */
final class Bpe {

  private final Vocabulary.Merges merges;
  private final String[] symbols;
  private final int[] next;
  private final int[] previous;
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

  /** A possible merge of two neighbours, void when one of them has been merged since. */
  private record Candidate(double priority, int left, int right, int length)
      implements Comparable<Candidate> {

    @Override
    public int compareTo(Candidate other) {
      int order = Double.compare(priority, other.priority);
      return order != 0 ? order : Integer.compare(left, other.left);
    }
  }

  private Bpe(Vocabulary.Merges merges, String text) {
    this.merges = merges;
    this.symbols = text.codePoints().mapToObj(Character::toString).toArray(String[]::new);
    this.next = new int[symbols.length];
    this.previous = new int[symbols.length];
    for (int i = 0; i < symbols.length; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
  }

  /** The pieces of {@code text}; characters that are in no merge stay alone. */
  static List<String> split(Vocabulary.Merges merges, String text) {
    return new Bpe(merges, text).split();
  }

  private List<String> split() {
    for (int i = 1; i < symbols.length; i++) {
      consider(i - 1, i);
    }
    for (Candidate best = queue.poll(); best != null; best = queue.poll()) {
      if (isCurrent(best)) {
        merge(best.left(), best.right());
      }
    }
    List<String> pieces = new ArrayList<>();
    for (int i = 0; i < symbols.length; i = next[i]) {
      pieces.add(symbols[i]);
    }
    return pieces;
  }

  private void consider(int left, int right) {
    double priority = merges.priority(symbols[left], symbols[right]);
    if (priority != Vocabulary.Merges.NEVER) {
      int length = symbols[left].length() + symbols[right].length();
      queue.add(new Candidate(priority, left, right, length));
    }
  }

  /** A symbol only ever grows, or becomes empty: the sum of lengths tells whether either did. */
  private boolean isCurrent(Candidate candidate) {
    String left = symbols[candidate.left()];
    String right = symbols[candidate.right()];
    return !left.isEmpty()
        && !right.isEmpty()
        && left.length() + right.length() == candidate.length();
  }

  private void merge(int left, int right) {
    symbols[left] += symbols[right];
    symbols[right] = "";
    next[left] = next[right];
    if (next[left] < symbols.length) {
      previous[next[left]] = left;
      consider(left, next[left]);
    }
    if (previous[left] >= 0) {
      consider(previous[left], left);
    }
  }
}
