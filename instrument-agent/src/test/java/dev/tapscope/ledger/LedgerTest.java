package dev.tapscope.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import dev.tapscope.testing.TinyProfile;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private static final int ALL = Request.EVERY_LAYER;

  private final Ledger ledger = new Ledger();
  private int passes;

  private Coverage pass(int start, int rows) {
    return new Coverage(new Pass(passes++, 0, start, new int[rows], false, -1), false);
  }

  /** A pass in which res shows every position at layers 0 to 2. */
  private Coverage fullPass(int start, int rows) {
    Coverage coverage = pass(start, rows);
    for (int layer = 0; layer < 3; layer++) {
      coverage.saw(Address.of("res", layer), start, rows, rows);
    }
    return coverage;
  }

  private List<Problem> verdict(String... unloaded) {
    Set<String> missing = Set.of(unloaded);
    return ledger.verdict(new Wording(TinyProfile.profile(), c -> !missing.contains(c)));
  }

  private void request(String site, int first, int last, boolean every) {
    ledger.expectPasses();
    ledger.request(new Request(site, first, last, every, passes));
  }

  private static void assertProblem(String id, String words, List<Problem> problems) {
    assertEquals(List.of(id), problems.stream().map(Problem::id).toList(), problems.toString());
    assertTrue(problems.get(0).sentence().contains(words), problems.get(0).sentence());
  }

  @Test
  void aRunThatShowsEverythingHasNoProblem() {
    request("res", 0, ALL, true);
    request("logits", Address.NO_LAYER, Address.NO_LAYER, false);
    Coverage coverage = fullPass(0, 5);
    coverage.saw(Address.of("logits"), 4, 1, 1);
    ledger.completed(coverage);
    ledger.completed(fullPass(5, 1));
    assertEquals(List.of(), verdict());
    assertEquals(
        List.of(
            new Ledger.Line(Address.of("logits"), Optional.empty(), 1, 1, 1),
            new Ledger.Line(Address.of("res", 0), Optional.of(6L), 6, 6, 2),
            new Ledger.Line(Address.of("res", 1), Optional.of(6L), 6, 6, 2),
            new Ledger.Line(Address.of("res", 2), Optional.of(6L), 6, 6, 2)),
        ledger.lines());
    assertEquals(3, ledger.layers());
    assertEquals(2, ledger.passes());
    assertEquals(6, ledger.positions());
  }

  @Test
  void aPassMayShowItsPositionsInSeveralFires() {
    request("res", 0, 0, true);
    Coverage coverage = pass(10, 4);
    coverage.saw(Address.of("res", 0), 12, 2, 2);
    coverage.saw(Address.of("res", 0), 10, 2, 2);
    ledger.completed(coverage);
    assertEquals(List.of(), verdict());
  }

  @Test
  void headsOfAPositionCountOnce() {
    request("pattern", 0, 0, true);
    Coverage coverage = pass(0, 4);
    coverage.saw(Address.of("pattern", 0), 0, 4, 8);
    ledger.completed(coverage);
    assertEquals(List.of(), verdict());
    assertEquals(
        List.of(new Ledger.Line(Address.of("pattern", 0), Optional.of(4L), 4, 8, 1)),
        ledger.lines());
  }

  @Test
  void aMissingPositionIsFound() {
    request("res", 1, 1, true);
    ledger.completed(fullPass(0, 3));
    Coverage coverage = pass(3, 4);
    coverage.saw(Address.of("res", 1), 3, 2, 2);
    ledger.completed(coverage);
    assertProblem(
        "site-missed",
        "in 1 of 2 passes: in pass 1 (sequence 0, positions 3 to 6)"
            + " it showed 2 of 4 positions, the first missing one is 5",
        verdict());
  }

  @Test
  void aPositionShownTwiceIsFound() {
    request("res", 0, 0, true);
    Coverage coverage = fullPass(0, 3);
    coverage.saw(Address.of("res", 0), 1, 1, 1);
    ledger.completed(coverage);
    assertProblem("site-missed", "it showed 3 positions in 4 rows, some of them twice", verdict());
  }

  @Test
  void aLayerMissingInOnePassIsFound() {
    request("res", 0, ALL, true);
    ledger.completed(fullPass(0, 3));
    Coverage coverage = pass(3, 1);
    coverage.saw(Address.of("res", 0), 3, 1, 1);
    coverage.saw(Address.of("res", 2), 3, 1, 1);
    ledger.completed(coverage);
    assertProblem("site-missed", "Site res.1 must show every position", verdict());
  }

  @Test
  void layersAreThoseOfAllSites() {
    request("res", 0, ALL, true);
    request("mlp", 0, ALL, true);
    Coverage coverage = fullPass(0, 3);
    coverage.saw(Address.of("mlp", 0), 0, 3, 3);
    ledger.completed(coverage);
    assertProblem("site-never-fired", "mlp.1, mlp.2", verdict());
  }

  @Test
  void aLayerTheModelDoesNotHaveIsFoundWithoutListingThemAll() {
    request("res", 1, 900_000, true);
    ledger.completed(fullPass(0, 3));
    assertProblem(
        "site-never-fired",
        "Site res.3, res.900000 was asked for and never fired in 1 pass. The model has layers 0 to"
            + " 2, as seen at res.",
        verdict());
  }

  @Test
  void aSiteOfSomeRowsMustFireOnce() {
    request("logits", Address.NO_LAYER, Address.NO_LAYER, false);
    ledger.completed(fullPass(0, 3));
    assertProblem("site-never-fired", "Site logits was asked for", verdict());
  }

  @Test
  void aRunWithoutAPassIsNoRun() {
    request("res", 0, ALL, true);
    assertProblem("site-never-fired", "No pass of the model was seen", verdict());
  }

  @Test
  void aClassThatNeverLoadedIsNamed() {
    request("res", 0, ALL, true);
    assertProblem(
        "class-never-loaded",
        "Class targets.TinyModel$Block, which profile 'tiny' names at res, was never loaded",
        verdict("targets.TinyModel$Block"));
  }

  @Test
  void nothingAskedNothingExpected() {
    assertEquals(List.of(), verdict());
  }

  @Test
  void aFailedPassIsAProblemAndNotCounted() {
    request("res", 0, ALL, true);
    ledger.completed(fullPass(0, 3));
    ledger.aborted(fullPass(3, 1));
    assertProblem("pass-failed", "the first was pass 1 (sequence 0, positions 3 to 3)", verdict());
    assertEquals(3, ledger.positions());
    assertEquals(1, ledger.abortedPasses().get(0).index());
  }

  @Test
  void whereEveryPassFailedThatIsTheProblem() {
    request("res", 0, ALL, true);
    ledger.aborted(fullPass(0, 3));
    assertProblem("pass-failed", "1 pass of the model ended with an exception", verdict());
  }

  @Test
  void aRequestHoldsFromItsPassOn() {
    ledger.expectPasses();
    ledger.completed(pass(0, 3));
    request("res", 0, ALL, true);
    ledger.completed(fullPass(3, 1));
    assertEquals(List.of(), verdict());
    assertEquals(Optional.of(1L), ledger.lines().get(0).expectedPositions());
  }

  @Test
  void firesThatBelongNowhereAreProblems() {
    request("res", 0, ALL, true);
    ledger.completed(fullPass(0, 3));
    ledger.outsidePass("res", "worker-7", 0);
    ledger.outsidePass("res", "worker-8", 2);
    assertProblem("site-outside-pass", "Site res fired on thread 'worker-7'", verdict());
  }

  @Test
  void positionsOutsideThePassAreProblems() {
    request("res", 0, ALL, true);
    Coverage coverage = fullPass(2, 3);
    ledger.completed(coverage);
    ledger.outsidePositions(Address.of("res", 1), coverage.pass(), 4, 3);
    assertProblem("site-misplaced", "Site res.1 showed positions 4 to 6", verdict());
  }

  @Test
  void whatASiteShowedBeforeItWasAskedForAgainDoesNotMakeUpForWhatItOwes() {
    ledger.expectPasses();
    Ledger.Expectation first = ledger.request(new Request("res", 0, 0, true, passes));
    ledger.completed(fullPass(0, 1));
    ledger.completed(fullPass(1, 1));
    ledger.withdraw(first);
    request("res", 0, 0, true);
    ledger.completed(pass(2, 1));
    ledger.completed(pass(3, 1));
    assertProblem("site-missed", "in 0 of 2 passes: in pass 2", verdict());
  }

  @Test
  void norDoesItForASiteOfSomeRows() {
    ledger.expectPasses();
    Ledger.Expectation first = ledger.request(new Request("res", 0, 0, false, passes));
    ledger.completed(fullPass(0, 1));
    ledger.withdraw(first);
    request("res", 0, 0, false);
    ledger.completed(pass(1, 1));
    assertProblem("site-missed", "Site res.0", verdict());
  }

  @Test
  void aBlockLeftOutExcusesASiteOnceAPassHoweverManyAskForIt() {
    request("res", 1, 1, true);
    request("res", 1, 1, true);
    Coverage without = pass(0, 1);
    without.skipped(1);
    ledger.completed(without);
    ledger.completed(pass(1, 1));
    assertProblem("site-missed", "in 1 of 2 passes", verdict());
  }

  @Test
  void nothingIsExpectedOfWhatWasTakenBackBeforeAnyPass() {
    ledger.expectPasses();
    ledger.withdraw(ledger.request(new Request("res", 0, 0, true, passes)));
    assertProblem("site-never-fired", "No pass of the model", verdict("targets.TinyModel$Block"));
  }

  @Test
  void whatTheThreadsOfAPassShowIsAddedUp() throws InterruptedException {
    request("res", 0, 0, true);
    ledger.completed(shownByTwoThreads(3, 2));
    assertEquals(List.of(), verdict());
    assertEquals(
        List.of(new Ledger.Line(Address.of("res", 0), Optional.of(5L), 5, 5, 2)), ledger.lines());
  }

  @Test
  void positionsThatTwoThreadsShowAreShownTwice() throws InterruptedException {
    request("res", 0, 0, true);
    ledger.completed(shownByTwoThreads(3, 3));
    assertProblem("site-missed", "it showed 5 positions in 6 rows, some of them twice", verdict());
  }

  /** A pass of five positions: the first ones shown by its own thread, the last ones by another. */
  private Coverage shownByTwoThreads(int first, int last) throws InterruptedException {
    Coverage coverage = pass(0, 5);
    Address res = Address.of("res", 0);
    coverage.saw(res, 0, first, first);
    Thread worker = new Thread(() -> coverage.saw(res, 5 - last, last, last));
    worker.start();
    worker.join();
    return coverage;
  }
}
