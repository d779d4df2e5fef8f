package gemma2.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Measures what a model takes beside what the machine can do. In every round tokens and passes over
 * the weights take turns, so that what else the machine does slows both; the ceiling of arithmetic
 * is read before and after a prompt is computed, and the higher reading counts. A round is compared
 * with its own ceilings only, and with a baseline of the same round.
 */
public final class Bench {

  private final Runner measured;
  private final Optional<Runner> baseline;
  private final Settings settings;

  /**
   * How to measure.
   *
   * @param promptTokens tokens of the prompt that is computed
   * @param decodeTokens tokens that are decoded, one a pass
   * @param context tokens that are there before them
   * @param chunk positions of a prompt that are computed at once
   * @param rounds rounds that count; one more, for the JIT compiler, goes before them
   * @param seed of the tokens
   */
  public record Settings(
      int promptTokens, int decodeTokens, int context, int chunk, int rounds, long seed) {}

  /**
   * What one round gave.
   *
   * @param streamed bytes a second of a streaming read of the weights
   * @param decode seconds for all decoded tokens
   * @param allocated bytes of Java objects made meanwhile
   * @param fma additions and multiplications a second in registers
   * @param prefill seconds for the whole prompt
   */
  record Round(
      double streamed, double decode, OptionalLong allocated, double fma, double prefill) {}

  /**
   * A bench of one runner.
   *
   * @param baseline what to compare it with, token by token and prompt by prompt
   */
  public Bench(Runner measured, Optional<Runner> baseline, Settings settings) {
    this.measured = measured;
    this.baseline = baseline;
    this.settings = settings;
  }

  /** Measures; {@code progress} is told what goes on. */
  public Report run(Consumer<String> progress) {
    List<Runner> runners = Stream.concat(Stream.of(measured), baseline.stream()).toList();
    progress.accept("A round to warm up, which does not count.");
    round(runners);
    List<List<Round>> rounds = new ArrayList<>();
    for (int i = 1; i <= settings.rounds(); i++) {
      List<Round> round = round(runners);
      rounds.add(round);
      progress.accept(
          "Round %d of %d: decoding took %.2f s, the prompt %.2f s."
              .formatted(
                  i, settings.rounds(), round.getFirst().decode(), round.getFirst().prefill()));
    }
    return new Report(
        measured,
        settings,
        rounds.stream().map(List::getFirst).toList(),
        baseline.map(other ->
            new Report.Baseline(other.threads(), rounds.stream().map(List::getLast).toList())),
        ProcessUsage.peakResident());
  }

  /** A round of each, who take turns. */
  private List<Round> round(List<Runner> runners) {
    List<Decoding> decodings = runners.stream().map(runner -> runner.decode(settings)).toList();
    for (int i = 0; i < settings.decodeTokens(); i++) {
      decodings.forEach(Decoding::next);
    }
    List<Round> rounds = new ArrayList<>();
    for (int i = 0; i < runners.size(); i++) {
      Decoding decoding = decodings.get(i);
      Runner.Prefill prefill = runners.get(i).prefill(settings);
      rounds.add(
          new Round(
              decoding.streamed(),
              decoding.seconds(),
              decoding.allocated(),
              prefill.fma(),
              prefill.seconds()));
    }
    return rounds;
  }
}
