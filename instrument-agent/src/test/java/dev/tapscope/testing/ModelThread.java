package dev.tapscope.testing;

import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.run.PassStart;
import dev.tapscope.run.Shown;
import dev.tapscope.run.TapRun;
import java.util.OptionalInt;

/** Reports to a run what woven code of a model would report on one thread. */
public final class ModelThread {
  private final TapRun run;
  private final Profile profile;
  private final Object cache = new Object();

  public ModelThread(TapRun run, Profile profile) {
    this.run = run;
    this.profile = profile;
  }

  /** One call of the method that carries the tokens. */
  public void pass(int start, int[] tokens, Runnable body) {
    run.passEntered();
    boolean normally = false;
    try {
      run.tokens(
          new PassStart() {
            @Override
            public int[] tokens() {
              return tokens;
            }

            @Override
            public int start() {
              return start;
            }

            @Override
            public Object sequence() {
              return cache;
            }
          });
      body.run();
      normally = true;
    } finally {
      run.passLeft(normally);
    }
  }

  /** A value whose site names its position. */
  public void fire(String site, int layer, int first, Object value) {
    fire(site, layer, OptionalInt.of(first), value);
  }

  /** A value whose site leaves the position to the pass. */
  public void fire(String site, int layer, Object value) {
    fire(site, layer, OptionalInt.empty(), value);
  }

  private void fire(String name, int layer, OptionalInt first, Object value) {
    Site site =
        profile.sites().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
    run.fired(
        site,
        new Shown() {
          @Override
          public int layer() {
            return layer;
          }

          @Override
          public OptionalInt first() {
            return first;
          }

          @Override
          public Rows rows() {
            return RowsOf.value(value);
          }
        });
  }
}
