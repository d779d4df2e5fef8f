package dev.tapscope.link;

import dev.tapscope.profile.Site;
import dev.tapscope.run.PassStart;
import dev.tapscope.run.Runs;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;

/** One woven call: what it passes, and whom it tells. */
abstract class TapPoint {
  private static final MethodHandle TAP;

  static {
    try {
      TAP =
          MethodHandles.lookup()
              .findVirtual(
                  TapPoint.class,
                  "tap",
                  MethodType.methodType(Object.class, Object.class, Object[].class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Makes the point of a woven call of the given type. */
  static TapPoint of(Site site, Lookup caller, MethodType type, Runs runs) {
    Reader.Captures captures =
        new Reader.Captures(caller, type.parameterList().subList(1, type.parameterCount()));
    Class<?> root = type.parameterType(0);
    return switch (site.name()) {
      case Site.TOKENS -> new Tokens(Readers.of(site, captures, root), runs);
      case Site.SAMPLED -> new Sampled(Readers.of(site, captures, root), runs);
      default -> new Activations(site, new Showing(site, captures, root, caller), runs);
    };
  }

  /** The target of the call while the point is live. */
  MethodHandle live(MethodType type) {
    return TAP.bindTo(this).asCollector(Object[].class, type.parameterCount() - 1).asType(type);
  }

  /** Called by the woven code, on the model's thread. */
  final Object tap(Object value, Object[] captures) {
    return fire(value, captures);
  }

  /** Returns what the model goes on with. */
  abstract Object fire(Object value, Object[] captures);

  /** Where a pass begins. */
  private static final class Tokens extends TapPoint {
    private final Runs runs;
    private final Readers readers;

    Tokens(Readers readers, Runs runs) {
      this.runs = runs;
      this.readers = readers;
      readers.value().requiring("ids of a pass", int[].class, int.class);
    }

    @Override
    Object fire(Object root, Object[] captures) {
      runs.tokens(
          new PassStart() {
            @Override
            public int[] tokens() throws Throwable {
              Object ids = readers.value().readFrom(root, captures);
              return ids instanceof int[] several ? several : new int[] {(Integer) ids};
            }

            @Override
            public int start() throws Throwable {
              return readers.position().orElseThrow().readInt(captures);
            }

            @Override
            public Object sequence() throws Throwable {
              Object object =
                  readers.cache().isPresent() ? readers.cache().get().read(captures) : null;
              return object == null ? Thread.currentThread() : object;
            }
          });
      return root;
    }
  }

  /** Where the model chooses a token. */
  private static final class Sampled extends TapPoint {
    private final Runs runs;

    Sampled(Readers readers, Runs runs) {
      this.runs = runs;
      readers.value().requiring("id of a sampled token", int.class);
    }

    @Override
    Object fire(Object value, Object[] captures) {
      runs.sampled((Integer) value);
      return value;
    }
  }

  /** Where an activation can be seen and changed. */
  private static final class Activations extends TapPoint {
    private final Site site;
    private final Showing showing;
    private final Runs runs;

    Activations(Site site, Showing showing, Runs runs) {
      this.site = site;
      this.showing = showing;
      this.runs = runs;
    }

    @Override
    Object fire(Object root, Object[] captures) {
      return runs.fired(site, showing.of(captures), root);
    }
  }
}
