package dev.tapscope.agent;

import dev.tapscope.folder.RunDirectory;
import dev.tapscope.ledger.Ledger;
import dev.tapscope.ledger.Problem;
import dev.tapscope.ledger.Wording;
import dev.tapscope.link.SiteLinks;
import dev.tapscope.profile.ProfileSource;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The end of a run, exactly once: closes the run, its files and its report. With a JVM that was
 * started for the run it then ends the JVM with an exit code of its own where the run did not go as
 * asked; a JVM that the agent was attached to goes on.
 */
final class Ending {
  /** Threads the JVM runs a signal on; alive in a shutdown that a signal began. */
  private static final Set<String> SIGNALS =
      Set.of("SIGINT handler", "SIGTERM handler", "SIGHUP handler");

  private final AgentOptions options;
  private final ProfileSource profile;
  private final Optional<RunDirectory> folder;
  private final PrintStream err;

  /** Told, instead of ending the JVM, that a run in somebody else's cannot go on. */
  private final Optional<Consumer<TapscopeException>> guest;

  private final AtomicBoolean begun = new AtomicBoolean();
  private final CountDownLatch done = new CountDownLatch(1);
  private final RunClock clock = new RunClock();
  private final SeenTokens seen = new SeenTokens();
  private TapRun run;
  private SiteLinks links;
  private Weaving weaving;
  private Supplier<OptionalInt> exitStatus;
  private final Thread shutdown = new Thread(this::atShutdown, "tapscope-end");

  /**
   * @param guest told that the run cannot go on, where the JVM is somebody else's; empty where it
   *     was started for the run and ends with it
   */
  Ending(
      AgentOptions options,
      ProfileSource profile,
      Optional<RunDirectory> folder,
      PrintStream err,
      Optional<Consumer<TapscopeException>> guest) {
    this.guest = guest;
    this.options = options;
    this.profile = profile;
    this.folder = folder;
    this.err = err;
  }

  /** Takes what is to be closed. */
  void prepare(
      TapRun theRun, SiteLinks theLinks, Weaving theWeaving, Supplier<OptionalInt> theExitStatus) {
    run = theRun;
    links = theLinks;
    weaving = theWeaving;
    exitStatus = theExitStatus;
    if (folder.isPresent()) { // only there a run is described, and it follows the passes anyway
      run.onPassBegin(seen::add);
    }
  }

  /** Stands by for the end of the JVM. */
  void await() {
    Runtime.getRuntime().addShutdownHook(shutdown);
  }

  /**
   * Closes the run while the JVM goes on.
   *
   * @param cause why, where it cannot go on as asked
   * @return the exit code the run would end with; 0 where the end of the JVM came first
   */
  int closeNow(Optional<TapscopeException> cause) {
    if (!begun.compareAndSet(false, true)) {
      return 0;
    }
    List<Problem> problems = new ArrayList<>();
    cause.map(Problem::of).ifPresent(problems::add);
    try {
      Optional<Problem> decisive = finish(problems, cause.map(c -> "failed"));
      tell(problems, decisive.isPresent(), false);
      return decisive.or(() -> cause.map(Problem::of)).map(Problem::exit).orElse(0);
    } finally {
      done.countDown();
      forgetShutdown();
    }
  }

  /** Without this the hook, and with it the whole run, would stay reachable. */
  private void forgetShutdown() {
    try {
      Runtime.getRuntime().removeShutdownHook(shutdown);
    } catch (IllegalStateException e) {
      // The JVM is ending at this moment; the hook finds that the run is closed.
    }
  }

  /**
   * Ends a run that cannot go on as asked. Called on a model's thread; does not return where the
   * JVM was started for the run.
   */
  void fatal(TapscopeException cause) {
    if (guest.isPresent()) {
      guest.get().accept(cause);
      return;
    }
    err.println(cause.line());
    if (begun.compareAndSet(false, true)) {
      List<Problem> problems = new ArrayList<>();
      problems.add(Problem.of(cause));
      try {
        finish(problems, Optional.of("failed"));
        problems.stream().skip(1).forEach(p -> err.println(p.line()));
      } finally {
        halt(cause.exit());
      }
    }
    awaitEnd();
  }

  private void atShutdown() {
    if (!begun.compareAndSet(false, true)) {
      awaitEnd();
      return;
    }
    boolean interrupted =
        Thread.getAllStackTraces().keySet().stream().anyMatch(t -> SIGNALS.contains(t.getName()));
    List<Problem> problems = new ArrayList<>();
    Optional<Problem> decisive = Optional.empty();
    try {
      decisive = finish(problems, interrupted ? Optional.of("interrupted") : Optional.empty());
      tell(problems, decisive.isPresent(), interrupted);
    } catch (RuntimeException | Error e) {
      err.println("tapscope: [agent-failed] The run could not be closed: " + e);
      e.printStackTrace(err);
      if (guest.isEmpty()) {
        halt(TapscopeException.FAILED);
      }
    } finally {
      done.countDown();
    }
    if (!interrupted && guest.isEmpty()) {
      decisive.ifPresent(problem -> halt(problem.exit()));
    }
  }

  /**
   * Closes everything.
   *
   * @param problems what is known already; what is found is added
   * @param state how the run ended, where that is known
   * @return the problem that decides the exit code, if one does
   */
  private Optional<Problem> finish(List<Problem> problems, Optional<String> state) {
    problems.addAll(run.finish());
    folder.ifPresent(f -> problems.addAll(f.closeFiles()));
    int failures = problems.size();
    if (state.isEmpty()) {
      addOnce(problems, weaving.problems());
      addOnce(problems, links.problems());
    }
    if (state.isEmpty() && run.observed() && !failedByItself()) {
      addOnce(problems, run.ledger().verdict(new Wording(profile.profile(), weaving::hasWoven)));
    }
    boolean failed = options.strict() ? !problems.isEmpty() : failures > 0;
    Optional<Problem> decisive = failed ? Optional.of(problems.get(0)) : Optional.empty();
    RunReport report = new RunReport(options, profile, run, clock, seen);
    try {
      folder.ifPresent(f -> f.writeReport(report.of(state.orElse(ended(failed)), problems)));
    } catch (TapscopeException e) {
      problems.add(Problem.of(e));
      return Optional.of(decisive.orElse(Problem.of(e)));
    }
    return decisive;
  }

  /** Whether the model ended with a status of its own before it computed anything. */
  private boolean failedByItself() {
    return run.ledger().passes() == 0 && exitStatus.get().orElse(0) != 0;
  }

  private static void addOnce(List<Problem> problems, List<Problem> more) {
    more.stream().filter(p -> !problems.contains(p)).forEach(problems::add);
  }

  private void tell(List<Problem> problems, boolean failed, boolean interrupted) {
    problems.forEach(p -> err.println(failed ? p.line() : p.warning()));
    if (!run.observed()) {
      return;
    }
    if (!interrupted && failedByItself()) {
      err.println(
          "tapscope: The model ended with exit code "
              + exitStatus.get().getAsInt()
              + " before its first pass; its own output says why.");
      return;
    }
    Ledger ledger = run.ledger();
    String outcome = problems.isEmpty() ? "; everything asked for fired" : "";
    err.println(
        "tapscope: "
            + count(ledger.passes(), "pass", "passes")
            + ", "
            + count(ledger.positions(), "position", "positions")
            + ", "
            + count(ledger.lines().size(), "address", "addresses")
            + (interrupted ? "; interrupted" : outcome)
            + folder.map(f -> "; run folder " + f.path()).orElse(""));
  }

  private static String count(long n, String one, String many) {
    return n + " " + (n == 1 ? one : many);
  }

  private String ended(boolean failed) {
    return failed || failedByItself() ? "failed" : "complete";
  }

  private void awaitEnd() {
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void halt(int exit) {
    BootJar.delete();
    System.out.flush();
    Runtime.getRuntime().halt(exit);
  }
}
