package dev.tapscope.link;

import dev.tapscope.profile.Layer;
import dev.tapscope.profile.Site;
import dev.tapscope.profile.Value;
import dev.tapscope.rows.Rows;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.run.PassStart;
import dev.tapscope.run.Shown;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.Optional;
import java.util.OptionalInt;

/** One woven call: what it passes, and whom it tells. The value it returns is always its own. */
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
  static TapPoint of(Site site, Lookup caller, MethodType type, TapRun run) {
    Reader.Captures captures =
        new Reader.Captures(caller, type.parameterList().subList(1, type.parameterCount()));
    Reader value = new Reader(site.value().tapped(), 0, type.parameterType(0), caller);
    return switch (site.name()) {
      case Site.TOKENS -> new Tokens(site, value, captures, run);
      case Site.SAMPLED -> new Sampled(value, run);
      default -> new Activations(site, value, captures, caller, run);
    };
  }

  /** The target of the call while the point is live. */
  MethodHandle live(MethodType type) {
    return TAP.bindTo(this).asCollector(Object[].class, type.parameterCount() - 1).asType(type);
  }

  /** Called by the woven code, on the model's thread. */
  final Object tap(Object value, Object[] captures) {
    fire(value, captures);
    return value;
  }

  abstract void fire(Object value, Object[] captures);

  /** Where a pass begins. */
  private static final class Tokens extends TapPoint {
    private final TapRun run;
    private final Reader value;
    private final Reader position;
    private final Optional<Reader> cache;

    Tokens(Site site, Reader value, Reader.Captures captures, TapRun run) {
      this.run = run;
      this.value = value.requiring("ids of a pass", int[].class);
      this.position =
          captures
              .reader(site.position().orElseThrow())
              .requiring("position of the first token", int.class, short.class, byte.class);
      this.cache = site.cache().map(captures::reader);
    }

    @Override
    void fire(Object root, Object[] captures) {
      run.tokens(
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
    }
  }

  /** Where the model chooses a token. */
  private static final class Sampled extends TapPoint {
    private final TapRun run;

    Sampled(Reader value, TapRun run) {
      this.run = run;
      value.requiring("id of a sampled token", int.class);
    }

    @Override
    void fire(Object value, Object[] captures) {
      run.sampled((Integer) value);
    }
  }

  /** Where an activation can be seen and changed. */
  private static final class Activations extends TapPoint {
    private final Site site;
    private final TapRun run;
    private final Reader value;
    private final Optional<Reader> layer;
    private final Optional<Reader> position;
    private final Derivation derivation;

    /** From the tapped value to its rows. */
    private interface Derivation {
      Rows rows(Object value, Object[] captures) throws Throwable;
    }

    Activations(Site site, Reader value, Reader.Captures captures, Lookup caller, TapRun run) {
      this.site = site;
      this.run = run;
      this.value = value;
      this.layer =
          site.layer()
              .flatMap(Layer::operand)
              .map(captures::reader)
              .map(r -> r.requiring("layer", int.class, short.class, byte.class));
      this.position =
          site.position()
              .map(captures::reader)
              .map(r -> r.requiring("position", int.class, short.class, byte.class));
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
    void fire(Object root, Object[] captures) {
      run.fired(
          site,
          new Shown() {
            @Override
            public int layer() throws Throwable {
              return layer.orElseThrow().readInt(captures);
            }

            @Override
            public OptionalInt first() throws Throwable {
              return position.isPresent()
                  ? OptionalInt.of(position.get().readInt(captures))
                  : OptionalInt.empty();
            }

            @Override
            public Rows rows() throws Throwable {
              return derivation.rows(value.readFrom(root), captures);
            }
          });
    }
  }
}
