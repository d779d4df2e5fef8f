package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Batch;
import dev.tapscope.step.BegunStep;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.Rates;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StateArray;
import dev.tapscope.step.StepReport;
import dev.tapscope.step.Steps;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Plain steps that are computed when they are finished, on copies of the rows, as on a device of
 * its own. A batch that was expected is taken from the copy that was made then.
 *
 * @param log of what is asked of it: {@code begin}, {@code expect}, {@code finish}
 */
public record Elsewhere(SaeInTraining sae, List<String> log, Running running)
    implements SaeInTraining {
  /** What is under way. */
  public static final class Running {
    private Optional<Batch> step = Optional.empty();
    private Optional<Batch> expected = Optional.empty();
  }

  public static SaeMaker maker(List<String> log) {
    return (Dimensions sizes, Method method, int rows) ->
        new Elsewhere(Steps.plain(sizes, method), log, new Running());
  }

  private static Batch copy(Batch batch) {
    MemorySegment x = copy(batch.x());
    return new Batch(x, batch.y().equals(batch.x()) ? x : copy(batch.y()), batch.rows());
  }

  private static MemorySegment copy(MemorySegment values) {
    return Arena.ofAuto().allocate(values.byteSize(), 64).copyFrom(values);
  }

  @Override
  public Dimensions dimensions() {
    requireRest();
    return sae.dimensions();
  }

  @Override
  public Method method() {
    return sae.method();
  }

  @Override
  public StepReport step(Batch batch, Rates rates) {
    return begin(batch, rates).finish();
  }

  @Override
  public BegunStep begin(Batch batch, Rates rates) {
    requireRest();
    log.add("begin");
    Batch own = running.expected.orElseGet(() -> copy(batch));
    assertEquals(-1, own.x().mismatch(batch.x()), "the batch that was expected");
    assertEquals(-1, own.y().mismatch(batch.y()), "the batch that was expected");
    running.expected = Optional.empty();
    running.step = Optional.of(own);
    return new BegunStep() {
      @Override
      public boolean running() {
        return true;
      }

      @Override
      public void expect(Batch next) {
        assertTrue(running.step.isPresent(), "it is over");
        log.add("expect");
        running.expected = Optional.of(copy(next));
      }

      @Override
      public StepReport finish() {
        log.add("finish");
        running.step = Optional.empty();
        return sae.step(own, rates);
      }
    };
  }

  private void requireRest() {
    assertTrue(running.step.isEmpty(), "a step is under way");
  }

  @Override
  public List<StateArray> state() {
    requireRest();
    return sae.state();
  }

  @Override
  public void close() {
    sae.close();
  }
}
