package dev.tapscope.cli;

import dev.tapscope.recording.RunStream;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The positions of a run that statistics are over: all but BOS and the tokens that end a text. */
final class CountedTokens {
  private static final BitSet NONE = new BitSet();

  private final Map<Integer, BitSet> bySequence = new HashMap<>();
  private long count;

  private CountedTokens() {}

  /**
   * Reads a run's tokens.
   *
   * @param ends tokens that end a text
   * @throws TapscopeException {@code stats-empty} when there is nothing to count
   */
  static CountedTokens of(Path folder, RunStream run, Set<Integer> ends) {
    CountedTokens counted = new CountedTokens();
    run.tokens(token -> {
      if (!token.bos() && !ends.contains(token.id())) {
        counted
            .bySequence
            .computeIfAbsent(token.sequence(), s -> new BitSet())
            .set(token.position());
      }
    });
    counted.count = counted.bySequence.values().stream().mapToLong(BitSet::cardinality).sum();
    if (counted.count == 0) {
      throw TapscopeException.failed(
          "stats-empty",
          "The corpus has no token besides BOS and EOS, as the run in %s shows. Give a corpus with text."
              .formatted(folder));
    }
    return counted;
  }

  boolean has(int sequence, int position) {
    return bySequence.getOrDefault(sequence, NONE).get(position);
  }

  long count() {
    return count;
  }
}
