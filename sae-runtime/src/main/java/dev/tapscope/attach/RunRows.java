package dev.tapscope.attach;

import dev.tapscope.edit.Donor;
import dev.tapscope.edit.Edit;
import dev.tapscope.edit.Scope;
import dev.tapscope.recording.CapturedRows;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;

/** The rows that a patch takes from another run. */
final class RunRows implements RowSource.Reader {
  private final Donor donor;
  private final CapturedRows run;
  private final NavigableMap<Integer, RecordedToken> tokens;

  /** Positions in the donor run, both included. */
  private final int from;

  private final int to;

  /** Where the first of several rows goes. */
  private final int target;

  /**
   * @throws TapscopeException {@code run-sequence}, {@code run-row}, or what opening the run gives
   */
  RunRows(Edit.Patch patch) {
    donor = patch.donor();
    run = CapturedRows.open(donor.run());
    tokens = run.sequence(donor.sequence());
    switch (donor.where()) {
      case Scope.Position at -> {
        from = at.position();
        to = from;
      }
      case Scope.Range range -> {
        from = range.first();
        to = range.last();
      }
      default -> {
        from = lastOfPrompt();
        to = from;
      }
    }
    target = patch.scope() instanceof Scope.Range range ? range.first() : from;
    requireTokens();
  }

  private int lastOfPrompt() {
    return tokens.values().stream()
        .filter(token -> !token.generated() && !token.bos())
        .mapToInt(RecordedToken::position)
        .max()
        .orElseThrow(() ->
            TapscopeException.failed(
                "run-row",
                "Sequence %d of the run %s has no prompt but BOS, so @last names no row. Name a position, @0."
                    .formatted(donor.sequence(), donor.run())));
  }

  private void requireTokens() {
    if (!tokens.containsKey(from) || !tokens.containsKey(to)) {
      throw TapscopeException.failed(
          "run-row",
          "Sequence %d of the run %s has the positions %d to %d, and @%s was asked for. Name positions among these."
              .formatted(
                  donor.sequence(),
                  donor.run(),
                  tokens.firstKey(),
                  tokens.lastKey(),
                  donor.where()));
    }
  }

  @Override
  public boolean has(String address) {
    return run.has(address);
  }

  @Override
  public GivenRows read(String address) {
    float[][] rows = run.rows(address, donor.sequence(), from, to);
    List<String> notes = new ArrayList<>(run.notes(address));
    tokens.subMap(from, true, to, true).values().stream()
        .filter(RecordedToken::bos)
        .forEach(token ->
            notes.add(
                "Position %d of sequence %d in %s is BOS, whose rows are unlike all others."
                    .formatted(token.position(), token.sequence(), donor.run())));
    return new GivenRows(rows, target, how(address), notes);
  }

  private String how(String address) {
    String where =
        from == to
            ? "position %d, token \"%s\"".formatted(from, tokens.get(from).text())
            : "positions %d to %d".formatted(from, to);
    return "%s of %s, sequence %d, %s".formatted(address, donor.run(), donor.sequence(), where);
  }
}
