package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.recording.RecordedRun;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.recording.RunStream;
import dev.tapscope.tap.TapscopeException;
import java.io.OutputStream;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * One run of a model on one text, with the logits it made.
 *
 * @param output what the model printed
 * @param run what was recorded
 * @param logits rows of logits by position of the first text
 */
record Trial(String output, RecordedRun run, NavigableMap<Integer, float[]> logits) {
  private static final String LOGITS = "logits";

  /** Runs the command with the flags' SAEs and some edits, and keeps its logits. */
  static Trial of(TappedProcess process, List<String> command, EditFlags flags, List<Edit> edits) {
    try (RunPlace place = RunPlace.temporary()) {
      AgentOptions options =
          new AgentOptions()
              .set("profile", flags.model().profile())
              .set("capture", LOGITS)
              .saes(flags.saes())
              .edits(edits)
              .set("out", place.folder().toString());
      flags.device().passTo(options);
      TappedProcess.Outcome outcome =
          process.run(command, options, OutputStream.nullOutputStream());
      RecordedRun run = RecordedRun.open(place.folder());
      Trial trial = new Trial(outcome.output(), run, logits(run));
      if (!trial.logits().containsKey(trial.lastPromptPosition())) {
        throw TapscopeException.failed(
            "logits-missing",
            "The run made no logits at position "
                + trial.lastPromptPosition()
                + ", the last of the prompt, so there is nothing to compare. Run a command that"
                + " generates text.");
      }
      return trial;
    }
  }

  private static NavigableMap<Integer, float[]> logits(RecordedRun run) {
    NavigableMap<Integer, float[]> byPosition = new TreeMap<>();
    RunStream.open(run.folder())
        .activations(
            LOGITS,
            (site, sequence, position, row) -> {
              if (sequence == 0) {
                byPosition.put(position, row.clone());
              }
            });
    return byPosition;
  }

  /** Tokens of the first text that the model computed. */
  List<RecordedToken> tokens() {
    return run.tokens().stream().filter(token -> token.sequence() == 0).toList();
  }

  int lastPromptPosition() {
    return tokens().stream()
        .filter(token -> !token.generated())
        .mapToInt(RecordedToken::position)
        .max()
        .orElse(0);
  }

  /** Generated tokens that were computed again: all but the last one sampled. */
  List<RecordedToken> generated() {
    return tokens().stream().filter(RecordedToken::generated).toList();
  }

  /**
   * The first generated token; empty when the model did not go on from it, because it ended the
   * text or was the only one wanted, so that the run does not show it.
   */
  OptionalInt sampledFirst() {
    return generated().stream().mapToInt(RecordedToken::id).findFirst();
  }

  /** The first generated token, or the likeliest one where the run does not show it. */
  int firstToken() {
    return sampledFirst().orElse(LogProbabilities.likeliest(logits.get(lastPromptPosition())));
  }

  /** Whether both begin with the same token. */
  boolean beginsLike(Trial other) {
    return sampledFirst().equals(other.sampledFirst()) && firstToken() == other.firstToken();
  }

  /** Text of a token as far as this trial computed it. */
  String text(int id) {
    return tokens().stream()
        .filter(token -> token.id() == id)
        .map(RecordedToken::text)
        .findFirst()
        .orElse("#" + id);
  }
}
