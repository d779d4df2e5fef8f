package dev.tapscope.agent;

import dev.tapscope.ledger.Ledger;
import dev.tapscope.ledger.Problem;
import dev.tapscope.profile.ProfilePrinter;
import dev.tapscope.profile.ProfileSource;
import dev.tapscope.profile.Site;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Pass;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What {@code run.json} says, but for what the SAE runtime adds to it. */
final class RunReport {
  private final AgentOptions options;
  private final ProfileSource source;
  private final TapRun run;
  private final RunClock clock;
  private final SeenTokens seen;

  RunReport(
      AgentOptions options, ProfileSource source, TapRun run, RunClock clock, SeenTokens seen) {
    this.options = options;
    this.source = source;
    this.run = run;
    this.clock = clock;
    this.seen = seen;
  }

  /**
   * The whole report.
   *
   * @param state {@code complete}, {@code failed} or {@code interrupted}
   */
  Map<String, Object> of(String state, List<Problem> problems) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("state", state);
    report.put("interrupted", state.equals("interrupted"));
    report.put("problems", problems.stream().map(RunReport::problem).toList());
    report.put("started", clock.started().toString());
    report.put("seconds", clock.seconds());
    report.put("tapscope", AgentJar.version());
    report.put("java", java());
    report.put("profile", profile());
    report.put("model", Provenance.ofThisProcess());
    report.put("options", options.given());
    options.capture().ifPresent(sites -> report.put("capture", capture(sites)));
    Ledger ledger = run.ledger();
    report.put("layers", ledger.layers());
    report.put("sequences", run.sequences());
    report.put("passes", ledger.passes());
    report.put("positions", ledger.positions());
    report.put("aborted_passes", ledger.abortedPasses().stream().map(RunReport::aborted).toList());
    report.put("sites", sites(ledger));
    report.put("definitions", definitions(ledger));
    Map<String, Object> texts = seen.texts(run::text);
    if (!texts.isEmpty()) {
      report.put("texts", texts);
    }
    return report;
  }

  private static Map<String, Object> problem(Problem problem) {
    return ordered("id", problem.id(), "sentence", problem.sentence());
  }

  private static Map<String, Object> java() {
    return ordered(
        "version",
        Runtime.version().toString(),
        "vendor",
        System.getProperty("java.vendor", ""),
        "os",
        System.getProperty("os.name", "") + " " + System.getProperty("os.arch", ""),
        "processors",
        Runtime.getRuntime().availableProcessors());
  }

  private Map<String, Object> profile() {
    return ordered(
        "name",
        source.profile().name(),
        "origin",
        source.origin(),
        "sha256",
        Hash.sha256(source.text().getBytes(StandardCharsets.UTF_8)));
  }

  private Map<String, Object> capture(String sites) {
    return ordered(
        "sites",
        sites,
        "dtype",
        options.dtype().name().toLowerCase(Locale.ROOT),
        "stage",
        options.stage().toString());
  }

  private static Map<String, Object> aborted(Pass pass) {
    return ordered(
        "pass",
        pass.index(),
        "sequence",
        pass.sequence(),
        "start",
        pass.start(),
        "positions",
        pass.rows());
  }

  /** Requested addresses; {@code expected} and {@code fired} are counted in positions. */
  private List<Map<String, Object>> sites(Ledger ledger) {
    return ledger.lines().stream()
        .map(line -> {
          Map<String, Object> site = ordered("address", line.address().toString());
          line.expectedPositions().ifPresent(n -> site.put("expected", n));
          site.put("fired", line.positions());
          site.put("rows", line.rows());
          site.put("fires", line.fires());
          return site;
        })
        .toList();
  }

  /** The taps of the requested sites, as a profile writes them. */
  private Map<String, Object> definitions(Ledger ledger) {
    Map<String, Object> definitions = new LinkedHashMap<>();
    for (Site site : source.profile().sites()) {
      if (ledger.lines().stream().anyMatch(line -> line.address().site().equals(site.name()))) {
        definitions.put(site.name(), ProfilePrinter.print(site));
      }
    }
    return definitions;
  }

  private static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
