package dev.tapscope.testing;

import java.util.Arrays;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Runs the tests of one class in a JVM that was started for them. */
public final class JUnitMain {
  private JUnitMain() {}

  /** Prints a line for each test that failed, with its message, and how many were {@code ok}. */
  public static void main(String[] arguments) throws Exception {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Class.forName(arguments[0])))
            .build();
    LauncherFactory.create().execute(request, listener);
    TestExecutionSummary summary = listener.getSummary();
    summary
        .getFailures()
        .forEach(f ->
            System.out.println(
                f.getTestIdentifier().getDisplayName()
                    + " "
                    + f.getException()
                    + Arrays.toString(f.getException().getSuppressed())));
    System.out.println(summary.getTestsSucceededCount() + " ok");
    System.exit(0);
  }
}
