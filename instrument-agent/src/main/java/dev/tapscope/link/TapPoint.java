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

  /** {@link #fire}. */
  MethodHandle FIRE = handle();

  private static MethodHandle handle() {
    try {
      return MethodHandles.lookup()
          .findVirtual(
              TapPoint.class,
              "fire",
              MethodType.methodType(Object.class, Object.class, Object[].class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Makes the target of a woven call of the given type while it is live. */
  static MethodHandle live(Site site, Lookup caller, MethodType type, Runs runs) {
    int passed = type.parameterCount() - 1;
    Reader.Captures captures =
        new Reader.Captures(caller, type.parameterList().subList(1, passed + 1));
    TapPoint point = of(site, caller, captures, type.parameterType(0), runs);
    MethodHandle fire = FIRE.bindTo(point).asCollector(Object[].class, passed);
    return captures.followedInto(fire, 1).asType(type);
  }

  private static TapPoint of(
      Site site, Lookup caller, Reader.Captures captures, Class<?> root, Runs runs) {
    return switch (site.name()) {
      case Site.TOKENS -> new Tokens(Readers.of(site, captures, root), runs);
      case Site.SAMPLED -> new Sampled(Readers.of(site, captures, root), runs);
      default -> new Activations(Showing.of(site, captures, root, caller), runs);
    };
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
  record Activations(Showing showing, Runs runs) implements TapPoint {
    @Override
    public Object fire(Object root, Object[] captures) {
      return runs.fired(showing, captures, root);
    }
  }
}
