package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.folder.NoFolder;
import dev.tapscope.profile.ProfileSource;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ModelThread;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a run that Java code opened is told of the taps it runs over. */
class TappedModelTest {
  private static TappedModel model(boolean strict) throws IOException {
    return new TappedModel(
        new ProfileSource(TinyProfile.profile(), Optional.empty(), TinyProfile.text()),
        strict,
        new PrintStream(OutputStream.nullOutputStream()));
  }

  /** Opens a run that asks for nothing, while one of its taps cannot be linked. */
  private static Run runOverABrokenTap(TappedModel model) {
    Run run = model.runs().open(new NoFolder());
    run.watch("res.*", a -> {});
    model
        .links()
        .failed("tiny", "res", TapscopeException.check("field-missing", "There is no such field."));
    new ModelThread(model.runs(), TinyProfile.profile()).pass(0, new int[1], () -> {});
    return run;
  }

  @Test
  void aTapThatCouldNotBeLinkedFailsTheRun() throws IOException {
    Run run = runOverABrokenTap(model(true));
    TapscopeException told = assertThrows(TapscopeException.class, run::close);
    assertEquals("field-missing", told.id());
    assertTrue(told.getMessage().contains("Site res cannot be tapped"), told.getMessage());
  }

  @Test
  void whereLeniencyWasAskedForItDoesNot() throws IOException {
    runOverABrokenTap(model(false)).close();
  }
}
