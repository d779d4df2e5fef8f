package dev.tapscope.ledger;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
  }

  /** A request and the passes it held for. */
  public static final class Expectation {
    private final Request request;
    private long passes;
    private long positions;
    private boolean withdrawn;
    private final Map<Address, String> firstGaps = new TreeMap<>();
    private final Map<Address, Long> completePasses = new TreeMap<>();
    private final Set<Address> fired = new TreeSet<>();

    private Expectation(Request request) {
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
  private long cutPasses;
  private long positions;

  /** Adds addresses that must fire from a pass on. */
  public synchronized Expectation request(Request request) {
    Expectation expectation = new Expectation(request);
    expectations.add(expectation);
    return expectation;
  }

  /** Nothing more is expected of a request; what it held for so far still counts. */
  public synchronized void withdraw(Expectation expectation) {
    expectation.withdrawn = true;
  }

  /** At least one pass must be seen. */
  public synchronized void expectPasses() {
    passesExpected = true;
  }

  /** Enters a pass that has ended normally. */
  public synchronized void completed(Coverage coverage) {
    passes++;
    positions += coverage.pass().rows();
    tally(coverage);
    for (Expectation e : expectations) {
      if (coverage.pass().index() >= e.request.sincePass() && !e.withdrawn) {
        e.passes++;
        e.positions += coverage.pass().rows();
        addresses(e.request).forEach(address -> enter(e, address, coverage));
      }
    }
  }

  private static void enter(Expectation e, Address address, Coverage coverage) {
    if (coverage.fired(address) || coverage.excused(address)) {
      e.fired.add(address);
    }
    if (coverage.complete(address) || coverage.excused(address)) {
      e.completePasses.merge(address, 1L, Long::sum);
    } else {
      e.firstGaps.putIfAbsent(address, "in " + name(coverage.pass()) + " " + coverage.gap(address));
    }
  }

  private void tally(Coverage coverage) {
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
        });
  }

  /**
   * Enters a pass that was ended early on request. What it showed counts; what it did not show is
   * not missed.
   */
  public synchronized void cut(Coverage coverage) {
    cutPasses++;
    tally(coverage);
    for (Expectation e : expectations) {
      if (coverage.pass().index() >= e.request.sincePass()) {
        addresses(e.request).stream().filter(coverage::fired).forEach(e.fired::add);
      }
    }
  }

  /**
   * Whether a pass has shown everything that is asked for, as far as the model's layers are known.
   */
  public synchronized boolean seen(Coverage coverage) {
    List<Expectation> open = expectations.stream().filter(e -> !e.withdrawn).toList();
    return !open.isEmpty() && open.stream().allMatch(e -> seen(e.request, coverage));
  }

  private boolean seen(Request request, Coverage coverage) {
    if (request.last() == Request.EVERY_LAYER && layers == 0) {
      return false; // how many there are shows in the first whole pass
    }
    return addresses(request).stream()
        .allMatch(a -> request.every() ? coverage.complete(a) : coverage.fired(a));
  }

  /** Strikes a pass that ended with an exception. */
  public synchronized void aborted(Coverage coverage) {
    aborted.add(coverage.pass());
  }

  /**
   * A fire that belongs to no pass.
   *
   * @param underWay how many passes were under way on other threads
   */
  public synchronized void outsidePass(String site, String thread, int underWay) {
    misplaced.putIfAbsent(
        "site-outside-pass " + site,
        "Site "
            + site
            + " fired on thread '"
            + thread
            + (underWay == 0
                ? "', where no pass is under way, so its rows belong to no token and were dropped."
                    + " Name a method in the 'tokens' tap that is entered before the site fires."
                : "' while "
                    + underWay
                    + " passes were under way on others, and nothing tells which of them it works"
                    + " for, so its rows were dropped. Give the site a line 'cache ...' in the"
                    + " profile that names the object the 'tokens' tap has as its cache."));
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
    boolean onlyFailedPasses = passes == 0 && (!aborted.isEmpty() || cutPasses > 0);
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
    if (e.passes == 0 && (passes > 0 || e.withdrawn)) {
      return; // attached after the last pass, or taken off before the first
    }
    if (addresses.isEmpty()) {
      silent.computeIfAbsent(e.request.site(), s -> new ArrayList<>());
    }
    for (Address address : addresses) {
      long complete = e.completePasses.getOrDefault(address, 0L);
      if (!tallies.containsKey(address) && !e.fired.contains(address)) {
        silent.computeIfAbsent(address.site(), s -> new ArrayList<>()).add(address);
      } else if (!e.request.every() && !e.fired.contains(address)) {
        problems.add(
            Problem.check(
                "site-missed",
                "Site "
                    + address
                    + " has fired before, and did not in the "
                    + e.passes
                    + (e.passes == 1 ? " pass" : " passes")
                    + " for which it was asked for again, from pass "
                    + e.request.sincePass()
                    + " on. Use 'watch' for a value that need not come."));
      } else if (e.request.every() && complete < e.passes) {
        problems.add(
            Problem.check(
                "site-missed",
                "Site "
                    + address
                    + " must show every position of every pass once, and did so in "
                    + complete
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
