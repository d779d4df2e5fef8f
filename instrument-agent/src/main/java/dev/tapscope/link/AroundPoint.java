package dev.tapscope.link;

import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Site;
import dev.tapscope.profile.Value;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.run.Runs;
import dev.tapscope.run.Skipped;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleInfo;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.Optional;

/**
 * A woven call in the place of one of the model's own. The model's call is made, and its value
 * shown, unless a hook stands in its place: then the hook fills what the call would have made.
 */
final class AroundPoint {
  private static final MethodHandle CALL;

  static {
    try {
      CALL =
          MethodHandles.lookup()
              .findVirtual(
                  AroundPoint.class, "call", MethodType.methodType(Object.class, Object[].class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Runs runs;
  private final Showing showing;
  private final MethodHandle callee;
  private final int operands;
  private final int valueArgument;
  private final Optional<TensorCodec> codec;

  private AroundPoint(
      Runs runs,
      Showing showing,
      MethodHandle callee,
      int valueArgument,
      Optional<TensorCodec> codec) {
    this.runs = runs;
    this.showing = showing;
    this.operands = callee.type().parameterCount();
    this.callee =
        callee
            .asFixedArity()
            .asSpreader(Object[].class, operands)
            .asType(MethodType.methodType(Object.class, Object[].class));
    this.valueArgument = valueArgument;
    this.codec = codec;
  }

  /**
   * Makes the target of a call site of the given type while it is live.
   *
   * @param callee the call as the model wrote it, receiver first
   */
  static MethodHandle live(
      Site site, Lookup caller, MethodType type, MethodHandle callee, Runs runs) {
    int operands = callee.type().parameterCount();
    boolean result = site.value() instanceof Value.Result;
    int argument = argument(site.value()) + (receives(caller, callee) ? 1 : 0);
    Class<?> root = result ? type.returnType() : type.parameterType(argument);
    Reader.Captures captures =
        new Reader.Captures(caller, type.parameterList().subList(operands, type.parameterCount()));
    Showing showing = Showing.of(site, captures, root, caller);
    Optional<TensorCodec> codec =
        Derivation.codec(site.value())
            .map(name -> Codecs.find(name, caller.lookupClass().getClassLoader()));
    AroundPoint point = new AroundPoint(runs, showing, callee, argument, codec);
    MethodHandle call = CALL.bindTo(point).asCollector(Object[].class, type.parameterCount());
    return captures.followedInto(call, operands).asType(type);
  }

  /** Whether the first operand of a call is the object whose method it is. */
  private static boolean receives(Lookup caller, MethodHandle callee) {
    return caller.revealDirect(callee).getReferenceKind() != MethodHandleInfo.REF_invokeStatic;
  }

  private static int argument(Value value) {
    return value instanceof Value.Result result
        ? result.like().index()
        : ((Operand.Root.CallArg) value.tapped().root()).index();
  }

  /** Called by the woven code, on the model's thread. */
  Object call(Object[] passed) throws Throwable {
    Object[] given = Arrays.copyOf(passed, operands);
    Object[] captures = Arrays.copyOfRange(passed, operands, passed.length);
    Optional<Skipped> skipped = runs.skip(showing, captures);
    boolean result = showing.site().value() instanceof Value.Result;
    if (skipped.isPresent()) {
      Object argument = given[valueArgument];
      Optional<Object> supplied =
          skipped.get().supply(showing, captures, () -> result ? like(argument) : argument);
      if (supplied.isPresent()) {
        return supplied.get();
      }
    }
    Object returned = (Object) callee.invokeExact(given);
    if (result) {
      return runs.fired(showing, captures, returned);
    }
    runs.fired(showing, captures, given[valueArgument]);
    return returned;
  }

  /** An object of the same form and contents: left as it is, the call was the identity. */
  private Object like(Object argument) {
    if (codec.isPresent()) {
      return codec
          .get()
          .copy(argument)
          .orElseThrow(() ->
              TapscopeException.check(
                  "skip-form",
                  "The call at site "
                      + showing.site().name()
                      + " cannot be left out: the codec '"
                      + codec.get().name()
                      + "' cannot make a tensor for its result. Give the codec a 'copy', or"
                      + " change what the call returns instead."));
    }
    return RowsOf.copy(argument);
  }
}
