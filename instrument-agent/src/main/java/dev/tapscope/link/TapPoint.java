package dev.tapscope.link;

import dev.tapscope.profile.Site;
import dev.tapscope.run.PassStart;
import dev.tapscope.run.Runs;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;

/**
 * One woven call: what it passes, and whom it tells. Its kinds are records, for the reason {@link
 * Reader} is one.
 */
sealed interface TapPoint {
  /**
   * Called by the woven code, on the model's thread.
   *
   * @return what the model goes on with
   */
  Object fire(Object value, Object[] captures);

  /** Makes the point of a woven call of the given type. */
  static TapPoint of(Site site, Lookup caller, MethodType type, Runs runs) {
    Reader.Captures captures =
        new Reader.Captures(caller, type.parameterList().subList(1, type.parameterCount()));
    Class<?> root = type.parameterType(0);
    return switch (site.name()) {
      case Site.TOKENS -> new Tokens(Readers.of(site, captures, root), runs);
      case Site.SAMPLED -> new Sampled(Readers.of(site, captures, root), runs);
      default -> new Activations(site, Showing.of(site, captures, root, caller), runs);
    };
  }

  /** The target of the call while the point is live. */
  default MethodHandle live(MethodType type) {
    try {
      return MethodHandles.lookup()
          .findVirtual(
              TapPoint.class,
              "fire",
              MethodType.methodType(Object.class, Object.class, Object[].class))
          .bindTo(this)
          .asCollector(Object[].class, type.parameterCount() - 1)
          .asType(type);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the taps of this version do not fit each other", e);
    }
  }

  /** Where a pass begins. */
  record Tokens(Readers readers, Runs runs) implements TapPoint {
    public Tokens {
      readers.value().requiring("ids of a pass", int[].class, int.class);
    }

    @Override
    public Object fire(Object root, Object[] captures) {
      runs.tokens(
          new PassStart() {
            @Override
            public int[] tokens() throws Throwable {
              Object ids = readers.value().readFrom(root, captures);
              return ids instanceof int[] several ? several : new int[] {(Integer) ids};
            }

            @Override
            public int start() throws Throwable {
              return readers.position().readInt(captures);
            }

            @Override
            public Object sequence() throws Throwable {
              Object object = readers.cache().present() ? readers.cache().read(captures) : null;
              return object == null ? Thread.currentThread() : object;
            }
          });
      return root;
    }
  }

  /** Where the model chooses a token. */
  record Sampled(Readers readers, Runs runs) implements TapPoint {
    public Sampled {
      readers.value().requiring("id of a sampled token", int.class);
    }

    @Override
    public Object fire(Object value, Object[] captures) {
      runs.sampled((Integer) value);
      return value;
    }
  }

  /** Where an activation can be seen and changed. */
  record Activations(Site site, Showing showing, Runs runs) implements TapPoint {
    @Override
    public Object fire(Object root, Object[] captures) {
      return runs.fired(site, showing.of(captures), root);
    }
  }
}
