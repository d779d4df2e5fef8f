package dev.tapscope.link;

import dev.tapscope.profile.Site;
import dev.tapscope.profile.Value;
import dev.tapscope.rows.Rows;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.util.Optional;

/** From the tapped value of a site to its rows. */
interface Derivation {
  Rows rows(Object value, Object[] captures) throws Throwable;

  /**
   * @param value reader of the tapped value
   * @param captures from which the readers of {@link Readers} have been made
   * @param model loader of the woven class
   */
  static Derivation of(Site site, Reader value, Reader.Captures captures, ClassLoader model) {
    if (site.value() instanceof Value.Rms rms) {
      return rms(rms, captures);
    }
    if (site.value() instanceof Value.Scaled scaled) {
      requireRows(site, value.type());
      Reader factor =
          captures
              .reader(scaled.factor())
              .requiring("factor", float.class, double.class, int.class);
      return (rows, passed) -> RowsOf.scaled(RowsOf.value(rows), factor.readFloat(passed));
    }
    Optional<TensorCodec> codec = codec(site.value()).map(name -> Codecs.find(name, model));
    if (codec.isPresent()) {
      return (tensor, passed) -> RowsOf.tensor(codec.get(), tensor);
    }
    requireRows(site, value.type());
    return (rows, passed) -> RowsOf.value(rows);
  }

  /** The codec a value is read with, by name. */
  static Optional<String> codec(Value value) {
    if (value instanceof Value.Result result) {
      return result.codec();
    }
    return value instanceof Value.Plain plain ? plain.codec() : Optional.empty();
  }

  private static Derivation rms(Value.Rms rms, Reader.Captures captures) {
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

  private static void requireRows(Site site, Class<?> type) {
    if (!RowsOf.knows(type)) {
      throw TapscopeException.check(
          "value-type",
          "'"
              + site.value().tapped()
              + "' is a "
              + type.getTypeName()
              + ", whose rows are not known here; tap a float[], float[][], float[][][],"
              + " FloatBuffer, FloatBuffer[] or FloatBuffer[][], or name a codec: 'value "
              + site.value().tapped()
              + " as NAME'.");
    }
  }
}
