package dev.tapscope.junit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.tapscope.tap.Activation;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.Taps;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import targets.TinyModel;

/** Tests as a user would write them, run by {@link TappedIT} in JVMs with and without the agent. */
final class TappedFixtures {
  private TappedFixtures() {}

  private static float[] forward() {
    return new TinyModel(3).forward(new int[] {1, 2}, 0, new TinyModel.Cache());
  }

  /** Everything here holds. */
  @TestInstance(TestInstance.Lifecycle.PER_METHOD)
  static final class Good {
    @Test
    @Tapped(profile = "tiny.taps", sites = "res.*")
    void sitesFire(Run run) {
      forward();
    }

    @Test
    @Tapped(
        profile = "tiny.taps",
        fires = {"res.0-2 2", "resid_pre.0-2 2", "logits 2", "never.0 0"})
    void anExactMultiset() {
      forward();
      forward();
    }

    @Test
    @Tapped(profile = "tiny.taps")
    void anEditChangesTheModelOnlyWhileItsRunIsOpen(Run run) {
      float[] clean = forward();
      run.on("res.1", Phase.REPLACE, a -> a.set(new float[a.rows()][a.width(0)]));
      assertFalse(Arrays.equals(clean, forward()));
    }

    @Test
    @Tapped(profile = "tiny.taps")
    void nothingIsLeftOfAnotherTestsEdits(Run run) {
      List<float[][]> seen = new ArrayList<>();
      run.on("res.2", Phase.READ_AFTER, a -> seen.add(a.copy()));
      forward();
      forward();
      assertArrayEquals(seen.get(0), seen.get(1));
    }

    @Test
    @Tapped(profile = "tiny.taps", sites = "res.0")
    void aLoop(Run run) {
      forward();
      try (Steps<float[]> steps = Taps.steps("res.*", TappedFixtures::forward)) {
        for (Activation a : steps) {
          if (a.address().layer() == 1) {
            break;
          }
        }
      }
    }
  }

  /** A class whose annotation is for the tests of the classes within, too. */
  @Tapped(profile = "tiny.taps", sites = "res.*")
  static class Outer {
    @Nested
    class Inner {
      @Test
      void hasTheRunOfTheOuterClass(Run run) {
        forward();
        assertEquals(3, run.fires().size());
      }

      @Test
      @Tapped(profile = "tiny.taps", fires = "logits 1")
      void unlessItHasItsOwn() {
        forward();
      }
    }
  }

  /** Nothing here holds. */
  static final class Bad {
    @Test
    @Tapped(profile = "tiny.taps", sites = "never.0")
    void aSiteThatNeverFires() {
      forward();
    }

    @Test
    @Tapped(profile = "tiny.taps", sites = "res.*")
    void aModelThatNeverRuns() {}

    @Test
    @Tapped(profile = "tiny.taps", fires = "res.0-2 1")
    void oneFireTooMany() {
      forward();
      forward();
    }

    @Test
    @Tapped(profile = "tiny.taps")
    void aFailureNobodyLookedAt(Run run) {
      run.onFailure(FailurePolicy.PASS_THROUGH);
      run.on(
          "res.0",
          Phase.READ_AFTER,
          a -> {
            throw new IllegalStateException("planted");
          });
      forward();
    }

    @Test
    @Tapped(profile = "tiny.taps")
    void aProfileOfTheSameClassesWhileARunIsOpen(Run run) {
      try (Run other = Taps.open("other.taps")) {
        throw new AssertionError("opened " + other);
      } catch (TapscopeException e) {
        throw new IllegalArgumentException(e.id(), e);
      }
    }
  }

  /** Another profile of the same classes, once no run of the first is open. */
  static final class Changing {
    @Test
    @Tapped(profile = "tiny.taps", sites = "res.*")
    void first() {
      forward();
    }

    @Test
    @Tapped(profile = "other.taps", sites = "block_out.*")
    void second() {
      forward();
    }

    @Test
    @Tapped(profile = "tiny.taps", sites = "res.*")
    void third() {
      forward();
    }
  }
}
