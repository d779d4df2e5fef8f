package dev.tapscope.link;

import dev.tapscope.profile.Site;
import dev.tapscope.profile.Value;
import dev.tapscope.rows.Rows;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.run.PassStart;
import dev.tapscope.run.Runs;
import dev.tapscope.run.Shown;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.Optional;

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
    Reader value = new Reader(site.value().tapped(), 0, type.parameterType(0), caller);
    return switch (site.name()) {
      case Site.TOKENS -> new Tokens(site, value, captures, runs);
      case Site.SAMPLED -> new Sampled(value, runs);
      default -> new Activations(site, value, captures, caller, runs);
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
    private final Reader value;
    private final Reader position;
    private final Optional<Reader> cache;

    Tokens(Site site, Reader value, Reader.Captures captures, Runs runs) {
      this.runs = runs;
      this.value = value.requiring("ids of a pass", int[].class);
      this.position =
          captures
              .reader(site.position().orElseThrow())
              .requiring("position of the first token", int.class, short.class, byte.class);
      this.cache = site.cache().map(captures::reader);
    }

    @Override
    Object fire(Object root, Object[] captures) {
      runs.tokens(
          new PassStart() {
            @Override
            public int[] tokens() throws Throwable {
              return (int[]) value.readFrom(root);
            }

            @Override
            public int start() throws Throwable {
              return position.readInt(captures);
            }

            @Override
            public Object sequence() throws Throwable {
              Object object = cache.isPresent() ? cache.get().read(captures) : null;
              return object == null ? Thread.currentThread() : object;
            }
          });
      return root;
    }
  }

  /** Where the model chooses a token. */
  private static final class Sampled extends TapPoint {
    private final Runs runs;

    Sampled(Reader value, Runs runs) {
      this.runs = runs;
      value.requiring("id of a sampled token", int.class);
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
    private final Runs runs;
    private final Reader value;
    private final Optional<Reader> layer;
    private final Optional<Reader> position;
    private final Optional<Reader> cache;
    private final Derivation derivation;
    private final Addresses addresses;

    /** From the tapped value to its rows. */
    private interface Derivation {
      Rows rows(Object value, Object[] captures) throws Throwable;
    }

    Activations(Site site, Reader value, Reader.Captures captures, Lookup caller, Runs runs) {
      this.site = site;
      this.runs = runs;
      this.value = value;
      this.layer =
          site.layer()
              .map(captures::reader)
              .map(r -> r.requiring("layer", int.class, short.class, byte.class));
      this.position =
          site.position()
              .map(captures::reader)
              .map(r -> r.requiring("position", int.class, short.class, byte.class));
      this.cache = site.cache().map(captures::reader);
      this.addresses = new Addresses(site.name());
      this.derivation = derivation(site, value, captures, caller);
    }

    private static Derivation derivation(
        Site site, Reader value, Reader.Captures captures, Lookup caller) {
      if (site.value() instanceof Value.Rms rms) {
        Reader source = captures.reader(rms.source());
        Reader eps = captures.reader(rms.eps()).requiring("eps", float.class, double.class);
        Reader gain = captures.reader(rms.gain()).requiring("gain", float[].class);
        return (target, passed) ->
            RowsOf.rms(
                RowsOf.value(source.read(passed)),
                eps.readFloat(passed),
                RowsOf.value(target),
                (float[]) gain.read(passed));
      }
      Optional<String> codec = ((Value.Plain) site.value()).codec();
      if (codec.isPresent()) {
        TensorCodec found = Codecs.find(codec.get(), caller.lookupClass().getClassLoader());
        return (tensor, passed) -> RowsOf.tensor(found, tensor);
      }
      if (!RowsOf.knows(value.type())) {
        throw TapscopeException.check(
            "value-type",
            "'"
                + site.value().tapped()
                + "' is a "
                + value.type().getTypeName()
                + ", whose rows are not known here; tap a float[], float[][], float[][][] or"
                + " FloatBuffer, or name a codec: 'value "
                + site.value().tapped()
                + " as NAME'.");
      }
      return (rows, passed) -> RowsOf.value(rows);
    }

    @Override
    Object fire(Object root, Object[] captures) {
      return runs.fired(site, new Passed(captures), root);
    }

    /** What one call has passed. */
    private final class Passed implements Shown {
      private final Object[] captures;

      Passed(Object[] captures) {
        this.captures = captures;
      }

      @Override
      public int layer(Layers seen) throws Throwable {
        int number = layer.orElseThrow().readInt(captures);
        seen.enter(number);
        return number;
      }

      @Override
      public Address address(int number) {
        return addresses.of(number);
      }

      @Override
      public int first(int otherwise) throws Throwable {
        return position.isPresent() ? position.get().readInt(captures) : otherwise;
      }

      @Override
      public Object cache() throws Throwable {
        return cache.orElseThrow().read(captures);
      }

      @Override
      public Rows rows(Object tensor) throws Throwable {
        return derivation.rows(value.readFrom(tensor), captures);
      }
    }
  }
}
