package gemma2.bench;

import gemma2.bench.Bench.Round;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;

/** What a bench has measured, as a table to read and as values for JSON. */
public final class Report {

  private final Subject decoded;
  private final Subject prefilled;
  private final Bench.Settings settings;
  private final List<Round> rounds;
  private final Optional<Baseline> baseline;
  private final OptionalLong peakResident;
  private final OptionalDouble processorShare;

  /** The same on another number of threads, in the same rounds. */
  record Baseline(int threads, List<Round> rounds) {}

  Report(
      Runner measured,
      Bench.Settings settings,
      List<Round> rounds,
      Optional<Baseline> baseline,
      OptionalLong peakResident) {
    this.decoded = measured.decoded();
    this.prefilled = measured.prefilled();
    this.settings = settings;
    this.rounds = List.copyOf(rounds);
    this.baseline = baseline;
    this.peakResident = peakResident;
    this.processorShare = measured.processorShare();
  }

  private double decodeRate(Round round) {
    return settings.decodeTokens() / round.decode();
  }

  private double bytesRead(Round round) {
    return decoded.work().bytesPerToken() * decodeRate(round);
  }

  private double decodeRatio(Round round) {
    return bytesRead(round) / round.streamed();
  }

  private double allocatedPerToken(Round round) {
    return (double) round.allocated().orElseThrow() / settings.decodeTokens();
  }

  private double prefillRate(Round round) {
    return settings.promptTokens() / round.prefill();
  }

  private double flopsDone(Round round) {
    return prefilled.work().productFlops(settings.promptTokens()) / round.prefill();
  }

  private double prefillRatio(Round round) {
    return flopsDone(round) / round.fma();
  }

  private boolean allocationKnown() {
    return rounds.stream().allMatch(round -> round.allocated().isPresent());
  }

  /** All figures by name, times in seconds, sizes in bytes. */
  public Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("decode", decodeValues());
    values.put("prefill", prefillValues());
    peakResident.ifPresent(bytes -> values.put("peak_resident_bytes", bytes));
    processorShare.ifPresent(share -> values.put("processor_share", share));
    values.put("rounds", rounds.stream().map(this::values).toList());
    baseline.ifPresent(other -> values.put("baseline", values(other)));
    return values;
  }

  private Map<String, Object> values(Baseline other) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("threads", other.threads());
    values.put("decode_times", times(other, this::decodeRate).toMap());
    values.put("streamed_times", times(other, Round::streamed).toMap());
    values.put("prefill_times", times(other, this::prefillRate).toMap());
    values.put("fma_times", times(other, Round::fma).toMap());
    values.put("rounds", other.rounds().stream().map(this::values).toList());
    return values;
  }

  private Map<String, Object> decodeValues() {
    Map<String, Object> values = checkpointValues(decoded);
    values.put("context", settings.context());
    values.put("tokens", settings.decodeTokens());
    values.put("weight_bytes_per_token", decoded.work().bytesPerToken());
    values.put("tokens_per_second", spread(this::decodeRate).toMap());
    values.put("weight_bytes_per_second", spread(this::bytesRead).toMap());
    values.put("streamed_bytes_per_second", spread(Round::streamed).toMap());
    values.put("ratio", spread(this::decodeRatio).toMap());
    if (allocationKnown()) {
      values.put("allocated_bytes_per_token", spread(this::allocatedPerToken).toMap());
    }
    return values;
  }

  private Map<String, Object> prefillValues() {
    Map<String, Object> values = checkpointValues(prefilled);
    values.put("tokens", settings.promptTokens());
    values.put("product_flops", prefilled.work().productFlops(settings.promptTokens()));
    values.put("attention_flops", prefilled.work().attentionFlops(settings.promptTokens()));
    values.put("tokens_per_second", spread(this::prefillRate).toMap());
    values.put("product_flops_per_second", spread(this::flopsDone).toMap());
    values.put("fma_flops_per_second", spread(Round::fma).toMap());
    values.put("ratio", spread(this::prefillRatio).toMap());
    return values;
  }

  private static Map<String, Object> checkpointValues(Subject subject) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("dtype", subject.work().dtypes());
    values.put("checkpoint_bytes", subject.bytes());
    values.put("load_seconds", subject.loadSeconds());
    values.put("load_seconds_without_check", subject.uncheckedLoadSeconds());
    return values;
  }

  private Map<String, Object> values(Round round) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("streamed_bytes_per_second", round.streamed());
    values.put("decode_seconds", round.decode());
    round.allocated().ifPresent(bytes -> values.put("decode_allocated_bytes", bytes));
    values.put("decode_ratio", decodeRatio(round));
    values.put("fma_flops_per_second", round.fma());
    values.put("prefill_seconds", round.prefill());
    values.put("prefill_ratio", prefillRatio(round));
    return values;
  }

  /** How many times the other's rate there is, round by round. */
  private Spread times(Baseline other, ToDoubleFunction<Round> rate) {
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < rounds.size(); i++) {
      times.add(rate.applyAsDouble(rounds.get(i)) / rate.applyAsDouble(other.rounds().get(i)));
    }
    return Spread.of(times, Double::doubleValue);
  }

  private Spread spread(ToDoubleFunction<Round> figure) {
    return Spread.of(rounds, figure);
  }

  /** The figures as lines, with what the ratios mean. */
  public String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        "%-38s %12s %12s %12s\n"
            .formatted("%d rounds".formatted(rounds.size()), "median", "min", "max"));
    title(
        table,
        "decode, %s: %d tokens, one a pass, after %d"
            .formatted(decoded.work().dtypes(), settings.decodeTokens(), settings.context()));
    line(table, "tokens/s", 1, spread(this::decodeRate));
    line(table, "weights read, GB/s", 1e9, spread(this::bytesRead));
    line(table, "streaming read, GB/s", 1e9, spread(Round::streamed));
    line(table, "decode ratio", 1, spread(this::decodeRatio));
    if (allocationKnown()) {
      line(table, "allocated, kB/token", 1e3, spread(this::allocatedPerToken));
    }
    title(
        table,
        "prefill, %s: %d tokens, %d at once"
            .formatted(
                prefilled.work().dtypes(),
                settings.promptTokens(),
                Math.min(settings.chunk(), settings.promptTokens())));
    line(table, "tokens/s", 1, spread(this::prefillRate));
    line(table, "matrix products, GFLOP/s", 1e9, spread(this::flopsDone));
    line(table, "FMA in registers, GFLOP/s", 1e9, spread(Round::fma));
    line(table, "prefill ratio", 1, spread(this::prefillRatio));
    baseline.ifPresent(other -> times(table, other));
    title(table, "once");
    load(table, decoded);
    if (prefilled != decoded) {
      load(table, prefilled);
    }
    peakResident.ifPresent(bytes -> line(table, "peak resident memory, GB", bytes / 1e9));
    processorShare.ifPresent(share -> line(table, "processors given to the ceilings", share));
    return table.append('\n').append(definitions()).toString();
  }

  private void times(StringBuilder table, Baseline other) {
    title(
        table,
        "times %d %s".formatted(other.threads(), other.threads() == 1 ? "thread" : "threads"));
    line(table, "decode", 1, times(other, this::decodeRate));
    line(table, "streaming read", 1, times(other, Round::streamed));
    line(table, "prefill", 1, times(other, this::prefillRate));
    line(table, "FMA in registers", 1, times(other, Round::fma));
  }

  private String definitions() {
    return """
    decode ratio:  weights read / streaming read. A token reads %,d bytes: the matrices of all
                   blocks and the head, as stored. After each token the same mapped bytes are
                   streamed, in one stream a thread and in four; the faster way counts.
    prefill ratio: matrix products / FMA in registers. A prompt takes %,d FLOP in products,
                   2 for each number of a matrix and position, the head at the last position
                   only; %,d FLOP of attention's own take their time, but are not counted.
                   The ceiling is read before and after; the higher reading counts.
    Both ceilings could use all the time of as many processors as there are threads: where they
    were given less than 1 of it, other programs ran, and the ratios say little. Where more threads
    stream hardly faster than one, memory is the limit, or is used by others too.
    """
        .formatted(
            decoded.work().bytesPerToken(),
            prefilled.work().productFlops(settings.promptTokens()),
            prefilled.work().attentionFlops(settings.promptTokens()));
  }

  private static void load(StringBuilder table, Subject subject) {
    String dtype = subject.work().dtypes();
    line(table, "load " + dtype + ", s", subject.loadSeconds());
    line(table, "  without the search for NaN, s", subject.uncheckedLoadSeconds());
  }

  private static void title(StringBuilder table, String title) {
    table.append(title).append('\n');
  }

  private static void line(StringBuilder table, String name, double unit, Spread spread) {
    table.append(
        String.format(
            Locale.ROOT,
            "  %-36s %12.3f %12.3f %12.3f\n",
            name,
            spread.median() / unit,
            spread.min() / unit,
            spread.max() / unit));
  }

  private static void line(StringBuilder table, String name, double figure) {
    table.append(String.format(Locale.ROOT, "  %-36s %12.3f\n", name, figure));
  }
}
