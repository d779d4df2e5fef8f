package dev.tapscope.ledger;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Counts what fires and knows what should have. A pass enters the account when it has ended
 * normally; what an aborted pass showed is not counted. Thread-safe.
 */
public final class Ledger {
  /** What one address has shown in the passes that ended normally. */
  private static final class Tally {
    private long fires;
    private long rows;
    private long positions;
    private long completePasses;
  }

  /** A request and the passes it held for. */
  private static final class Expectation {
    private final Request request;
    private long passes;
    private long positions;
    private final Map<Address, String> firstGaps = new TreeMap<>();

    Expectation(Request request) {
      this.request = request;
    }
  }

  /**
   * The account of one address.
   *
   * @param expectedPositions positions it had to show, empty where any number will do
   */
  public record Line(
      Address address, Optional<Long> expectedPositions, long positions, long rows, long fires) {}

  private final List<Expectation> expectations = new ArrayList<>();
  private final Map<Address, Tally> tallies = new TreeMap<>();
  private final Map<String, String> misplaced = new TreeMap<>();
  private final List<Pass> aborted = new ArrayList<>();
  private boolean passesExpected;
  private String layersSeenAt = "";
  private int layers;
  private long passes;
  private long positions;

  /** Adds addresses that must fire from a pass on. */
  public synchronized void request(Request request) {
    expectations.add(new Expectation(request));
  }

  /** At least one pass must be seen. */
  public synchronized void expectPasses() {
    passesExpected = true;
  }

  /** Starts the account of a pass. */
  public Coverage open(Pass pass) {
    return new Coverage(pass);
  }

  /** Enters a pass that has ended normally. */
  public synchronized void completed(Coverage coverage) {
    passes++;
    positions += coverage.pass().rows();
    coverage
        .shown()
        .forEach((address, shown) -> {
          if (address.layer() >= layers) {
            layers = address.layer() + 1;
            layersSeenAt = address.site();
          }
          Tally tally = tallies.computeIfAbsent(address, a -> new Tally());
          tally.fires += shown.fires();
          tally.rows += shown.rows();
          tally.positions += shown.positions();
          if (coverage.complete(address)) {
            tally.completePasses++;
          }
        });
    for (Expectation e : expectations) {
      if (coverage.pass().index() >= e.request.sincePass()) {
        e.passes++;
        e.positions += coverage.pass().rows();
        for (Address address : addresses(e.request)) {
          if (e.request.every() && !coverage.complete(address)) {
            e.firstGaps.putIfAbsent(
                address, "in " + name(coverage.pass()) + " " + coverage.gap(address));
          }
        }
      }
    }
  }

  /** Strikes a pass that ended with an exception. */
  public synchronized void aborted(Coverage coverage) {
    aborted.add(coverage.pass());
  }

  /** A fire on a thread on which no pass is under way. */
  public synchronized void outsidePass(Address address, String thread) {
    misplaced.putIfAbsent(
        "site-outside-pass " + address.site(),
        "Site "
            + address
            + " fired on thread '"
            + thread
            + "', where no pass is under way, so its rows belong to no token and were dropped. A"
            + " profile must tap values on the thread that enters the method of its 'tokens' tap.");
  }

  /** A fire that shows positions its pass does not have. */
  public synchronized void outsidePositions(Address address, Pass pass, int first, int count) {
    misplaced.putIfAbsent(
        "site-misplaced " + address.site(),
        "Site "
            + address
            + " showed positions "
            + first
            + " to "
            + (first + count - 1)
            + " in "
            + name(pass)
            + ", so its rows were dropped. Correct the 'pos' line of the site, or that of"
            + " 'tokens'.");
  }

  /** Number of layers seen, 0 when no site inside a block has fired. */
  public synchronized int layers() {
    return layers;
  }

  /** Passes that ended normally. */
  public synchronized long passes() {
    return passes;
  }

  /** Positions computed by them. */
  public synchronized long positions() {
    return positions;
  }

  /** Passes that ended with an exception. */
  public synchronized List<Pass> abortedPasses() {
    return List.copyOf(aborted);
  }

  /** The account of every requested address. */
  public synchronized List<Line> lines() {
    Map<Address, Line> lines = new TreeMap<>();
    for (Expectation e : expectations) {
      for (Address address : addresses(e.request)) {
        Tally t = tallies.getOrDefault(address, new Tally());
        Optional<Long> expected = e.request.every() ? Optional.of(e.positions) : Optional.empty();
        lines.putIfAbsent(address, new Line(address, expected, t.positions, t.rows, t.fires));
      }
    }
    return List.copyOf(lines.values());
  }

  /** What is wrong with the run; empty when everything asked for has fired as often as it must. */
  public synchronized List<Problem> verdict(Wording wording) {
    List<Problem> problems = new ArrayList<>();
    boolean onlyFailedPasses = passes == 0 && !aborted.isEmpty();
    if (passesExpected && !onlyFailedPasses) {
      Map<String, List<Address>> silent = new TreeMap<>();
      for (Expectation e : expectations) {
        judge(e, silent, problems);
      }
      problems.addAll(0, wording.silent(silent, passes, layers, layersSeenAt));
    }
    misplaced.forEach((key, sentence) -> problems.add(Problem.check(key.split(" ")[0], sentence)));
    if (!aborted.isEmpty()) {
      problems.add(
          Problem.check(
              "pass-failed",
              aborted.size()
                  + (aborted.size() == 1 ? " pass" : " passes")
                  + " of the model ended with an exception, the first was "
                  + name(aborted.get(0))
                  + ". The rows of such a pass are not kept; the model's own output says why it"
                  + " failed."));
    }
    return problems.stream().distinct().toList();
  }

  private void judge(Expectation e, Map<String, List<Address>> silent, List<Problem> problems) {
    List<Address> addresses = addresses(e.request);
    boolean noneExpected = e.passes == 0 && passes > 0;
    if (noneExpected) {
      return; // attached after the last pass: nothing to expect of it
    }
    if (addresses.isEmpty()) {
      silent.computeIfAbsent(e.request.site(), s -> new ArrayList<>());
    }
    for (Address address : addresses) {
      Tally tally = tallies.get(address);
      if (tally == null) {
        silent.computeIfAbsent(address.site(), s -> new ArrayList<>()).add(address);
      } else if (e.request.every() && tally.completePasses < e.passes) {
        problems.add(
            Problem.check(
                "site-missed",
                "Site "
                    + address
                    + " must show every position of every pass once, and did so in "
                    + tally.completePasses
                    + " of "
                    + e.passes
                    + (e.passes == 1 ? " pass: " : " passes: ")
                    + e.firstGaps.getOrDefault(address, "its layer did not show in the first ones")
                    + ". If the model leaves positions out on purpose, write 'rows some' at the"
                    + " site in the profile."));
      }
    }
  }

  /**
   * The addresses of a request: those of the layers the model has, and of a range that reaches
   * beyond them its two ends beyond, so that a slip of the pen makes no long list.
   */
  private List<Address> addresses(Request request) {
    if (!request.layered()) {
      return List.of(Address.of(request.site()));
    }
    SortedSet<Address> addresses = new TreeSet<>();
    for (int layer = request.first(); layer <= Math.min(request.last(), layers - 1); layer++) {
      addresses.add(Address.of(request.site(), layer));
    }
    if (request.last() != Request.EVERY_LAYER && request.last() >= layers) {
      addresses.add(Address.of(request.site(), Math.max(request.first(), layers)));
      addresses.add(Address.of(request.site(), request.last()));
    }
    return List.copyOf(addresses);
  }

  private static String name(Pass pass) {
    return "pass "
        + pass.index()
        + " (sequence "
        + pass.sequence()
        + ", positions "
        + pass.start()
        + " to "
        + (pass.start() + pass.rows() - 1)
        + ")";
  }
}
