package dev.tapscope.weave;

import dev.tapscope.profile.Layer;
import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Site;
import dev.tapscope.profile.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.MethodInsnNode;

/**
 * A site at one point, ready to be woven.
 *
 * @param value where the root of the tapped operand lies; empty where the tap makes the value
 *     itself, around a call
 * @param type of what is tapped; of its root, where a path leads into a class that is not this one
 * @param captures where the roots of {@link Site#captures()} lie, in their order
 * @param stack types of what lies on the stack, the topmost first, as deep as the tap has to reach
 */
record Placement(
    Site site,
    Point point,
    Optional<Held> value,
    Type type,
    List<Held> captures,
    List<Type> stack) {

  /** Finds every root a site needs at a point and checks that its type can serve. */
  static Placement of(Site site, MethodCode code, Point point) {
    Roots roots = new Roots(code, point);
    Paths paths = new Paths(roots);
    Type type = point.around() ? around(site, roots, paths) : tapped(site, roots, paths);
    site.layer()
        .flatMap(Layer::operand)
        .ifPresent(operand -> requireNumber("layer", operand, roots, paths));
    site.position().ifPresent(operand -> requireNumber("pos", operand, roots, paths));
    site.cache().ifPresent(operand -> requireObject("cache", operand, roots, paths));
    parts(site, roots, paths);
    List<Held> captures = new ArrayList<>();
    site.captures().forEach(operand -> captures.add(roots.find(operand.root())));
    Optional<Held> value =
        point.around() ? Optional.empty() : Optional.of(roots.find(site.value().tapped().root()));
    int deepest =
        Stream.concat(value.stream(), captures.stream())
            .filter(Held.OnStack.class::isInstance)
            .mapToInt(held -> ((Held.OnStack) held).depth())
            .max()
            .orElse(-1);
    return new Placement(
        site, point, value, type, List.copyOf(captures), roots.stackDownTo(deepest));
  }

  /** Whether the woven code stores back what the tap returns. */
  boolean storedBack() {
    return site.value().tapped().path().isEmpty()
        && value.map(Held::assignable).orElseGet(() -> site.value() instanceof Value.Result);
  }

  /**
   * Whether another object can take the place of the tapped one; of a derived value only rows can
   * be written.
   */
  boolean assignable() {
    return storedBack() && site.assignable();
  }

  private static Type tapped(Site site, Roots roots, Paths paths) {
    Operand tapped = site.value().tapped();
    Type root = roots.find(tapped.root()).type();
    Optional<Type> end = paths.end("value", tapped, root);
    end.ifPresent(type -> requireRows(site, tapped, type, roots));
    return end.orElse(root);
  }

  /** Around a call: what it returns, or the argument it writes into. */
  private static Type around(Site site, Roots roots, Paths paths) {
    MethodInsnNode call = roots.call();
    Type returned = Type.getReturnType(call.desc);
    if (site.value() instanceof Value.Result result) {
      requireReturn(returned.getSort() != Type.VOID, site, call, roots);
      Type like = roots.find(result.like()).type();
      requireRows(site, site.value().tapped(), returned, roots);
      requireRows(site, Operand.of(result.like()), like, roots);
      Paths.require(
          result.codec().isPresent() || like.equals(returned),
          "an argument of the type the call returns, "
              + SourceNames.brief(returned)
              + ", whose form a result could take,",
          Operand.of(result.like()),
          like,
          roots);
      return returned;
    }
    requireReturn(returned.getSort() == Type.VOID, site, call, roots);
    return tapped(site, roots, paths);
  }

  private static void requireReturn(boolean fits, Site site, MethodInsnNode call, Roots roots) {
    if (!fits) {
      boolean nothing = Type.getReturnType(call.desc).getSort() == Type.VOID;
      throw new NoFit(
          "return-missing",
          "Wanted 'value "
              + site.value()
              + "' at "
              + roots.place()
              + "; found that "
              + call.name
              + " returns "
              + (nothing
                  ? "nothing. Write the argument it writes into: value call arg N."
                  : SourceNames.brief(Type.getReturnType(call.desc))
                      + ", which has to be made when the call is left out. Write: value return"
                      + " like call arg N."));
    }
  }

  /** The further operands of a derived value. */
  private static void parts(Site site, Roots roots, Paths paths) {
    if (site.value() instanceof Value.Rms rms) {
      Type source = roots.find(rms.source().root()).type();
      paths
          .end("value", rms.source(), source)
          .ifPresent(type -> requireRows(site, rms.source(), type, roots));
      requireObject("eps", rms.eps(), roots, paths);
      requireObject("gain", rms.gain(), roots, paths);
    } else if (site.value() instanceof Value.Scaled scaled) {
      Operand factor = scaled.factor();
      paths
          .end("by", factor, roots.find(factor.root()).type())
          .ifPresent(type ->
              Paths.require(
                  type.equals(Type.FLOAT_TYPE)
                      || type.equals(Type.DOUBLE_TYPE)
                      || type.equals(Type.INT_TYPE),
                  "a float, a double or an int for 'by'",
                  factor,
                  type,
                  roots));
    }
  }

  private static void requireRows(Site site, Operand operand, Type type, Roots roots) {
    if (site.name().equals(Site.SAMPLED)) {
      Paths.require(
          type.equals(Type.INT_TYPE), "an int, the sampled token id", operand, type, roots);
    } else if (site.name().equals(Site.TOKENS)) {
      Paths.require(
          type.equals(Type.INT_TYPE) || type.getDescriptor().equals("[I"),
          "an int[] of token ids, or an int, the one token of a pass",
          operand,
          type,
          roots);
    } else {
      boolean array = type.getSort() == Type.ARRAY;
      Type element = array ? type.getElementType() : type;
      boolean rows =
          isReference(type)
              && (!array
                  || foreign(site.value())
                  || isReference(element)
                  || element.equals(Type.FLOAT_TYPE));
      Paths.require(
          rows,
          "rows of floats (float[] to float[][][], FloatBuffer to FloatBuffer[][] or a tensor"
              + " object)",
          operand,
          type,
          roots);
    }
  }

  private static boolean foreign(Value value) {
    return value instanceof Value.Plain plain && plain.codec().isPresent()
        || value instanceof Value.Result result && result.codec().isPresent();
  }

  private static void requireNumber(String line, Operand operand, Roots roots, Paths paths) {
    if (operand.root() instanceof Operand.Root.Constant) {
      return;
    }
    String wanted = "an int for '" + line + "'";
    Type root = roots.find(operand.root()).type();
    paths
        .end(line, operand, root)
        .ifPresent(type -> {
          boolean small =
              type.getSort() >= Type.CHAR
                  && type.getSort() <= Type.INT
                  && !operand.path().isEmpty();
          Paths.require(small || type.equals(Type.INT_TYPE), wanted, operand, type, roots);
        });
  }

  private static void requireObject(String line, Operand operand, Roots roots, Paths paths) {
    Type root = roots.find(operand.root()).type();
    Optional<Type> end = paths.end(line, operand, root);
    if (operand.path().isEmpty()) {
      Paths.require(
          isReference(root),
          "an object for '" + line + "' (a number has to be a field: this.norm.eps)",
          operand,
          root,
          roots);
    } else if (line.equals("cache")) {
      end.ifPresent(
          type -> Paths.require(isReference(type), "an object for 'cache'", operand, type, roots));
    }
  }

  private static boolean isReference(Type type) {
    return type.getSort() == Type.OBJECT || type.getSort() == Type.ARRAY;
  }
}
