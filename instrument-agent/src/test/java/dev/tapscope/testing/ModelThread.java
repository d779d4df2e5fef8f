package dev.tapscope.testing;

import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.run.PassStart;
import dev.tapscope.run.Runs;
import dev.tapscope.run.Shown;
import dev.tapscope.tap.Address;
import java.util.OptionalInt;

/** Reports to the runs what woven code of a model would report on one thread. */
public final class ModelThread {
  private final Runs runs;
  private final Profile profile;
  private final Object cache = new Object();

  public ModelThread(Runs runs, Profile profile) {
    this.runs = runs;
    this.profile = profile;
  }

  /** One call of the method that carries the tokens. */
  public void pass(int start, int[] tokens, Runnable body) {
    runs.passEntered();
    boolean normally = false;
    try {
      begin(start, tokens);
      body.run();
      normally = true;
    } finally {
      runs.passLeft(normally);
    }
  }

  /** A pass begins in the call that is under way. */
  public void begin(int start, int[] tokens) {
    runs.tokens(
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
  }

  /** A value whose site names its position; returns what the model goes on with. */
  public Object fire(String site, int layer, int first, Object value) {
    return fire(site, layer, OptionalInt.of(first), value);
  }

  /** A value whose site leaves the position to the pass. */
  public Object fire(String site, int layer, Object value) {
    return fire(site, layer, OptionalInt.empty(), value);
  }

  private Object fire(String name, int layer, OptionalInt first, Object value) {
    Site site =
        profile.sites().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
    return runs.fired(
        new Shown() {
          @Override
          public Site site() {
            return site;
          }

          @Override
          public int layer(Object[] passed, Layers seen) {
            return layer;
          }

          @Override
          public Address address(int number) {
            return Address.of(name, number);
          }

          @Override
          public int first(Object[] passed, int otherwise) {
            return first.orElse(otherwise);
          }

          @Override
          public Object cache(Object[] passed) {
            return cache;
          }

          @Override
          public Rows rows(Object tensor, Object[] passed) {
            return RowsOf.value(tensor);
          }
        },
        new Object[0],
        value);
  }
}
