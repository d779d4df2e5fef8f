package dev.tapscope.weave;

import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Site;
import dev.tapscope.profile.Spelling;
import dev.tapscope.profile.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.FieldNode;

/**
 * A site at one point, ready to be woven.
 *
 * @param value where the root of the tapped operand lies
 * @param captures where the roots of {@link Site#captures()} lie, in their order
 */
record Placement(Site site, Point point, Held value, List<Held> captures) {

  /** Finds every root a site needs at a point and checks that its type can serve. */
  static Placement of(Site site, MethodCode code, Point point) {
    Roots roots = new Roots(code, point);
    Value value = site.value();
    Held tapped = roots.find(value.tapped().root());
    requireRows(site, value.tapped(), tapped.type(), roots);
    site.layer().ifPresent(operand -> requireNumber("layer", operand, roots));
    site.position().ifPresent(operand -> requireNumber("pos", operand, roots));
    site.cache().ifPresent(operand -> requireObject("cache", operand, roots));
    if (value instanceof Value.Rms rms) {
      requireRows(site, rms.source(), roots.find(rms.source().root()).type(), roots);
      requireObject("eps", rms.eps(), roots);
      requireObject("gain", rms.gain(), roots);
    }
    List<Held> captures = new ArrayList<>();
    site.captures().forEach(operand -> captures.add(roots.find(operand.root())));
    return new Placement(site, point, tapped, List.copyOf(captures));
  }

  /** Whether a new value can take the place of the tapped one. */
  boolean assignable() {
    if (!site.value().tapped().path().isEmpty()) {
      return false;
    }
    if (value instanceof Held.InSlot variable) {
      return variable.assignable();
    }
    return value instanceof Held.Result || !point.after();
  }

  /** Type of what is tapped; of its root, where a path leads into a class that is not this one. */
  Type tappedType(MethodCode code) {
    Operand tapped = site.value().tapped();
    boolean own = value.type().equals(Type.getObjectType(code.owner().name));
    return tapped.path().size() == 1 && own
        ? field(code, tapped.path().get(0)).orElse(value.type())
        : value.type();
  }

  private static void requireRows(Site site, Operand operand, Type type, Roots roots) {
    if (!operand.path().isEmpty()) {
      requirePath("value", operand, type, roots);
    } else if (site.name().equals(Site.SAMPLED)) {
      require(type.equals(Type.INT_TYPE), "an int, the sampled token id", operand, type, roots);
    } else if (site.name().equals(Site.TOKENS)) {
      require(type.getDescriptor().equals("[I"), "an int[] of token ids", operand, type, roots);
    } else {
      boolean array = type.getSort() == Type.ARRAY;
      boolean foreign = site.value() instanceof Value.Plain plain && plain.codec().isPresent();
      Type element = array ? type.getElementType() : type;
      boolean rows =
          isReference(type)
              && (!array || foreign || isReference(element) || element.equals(Type.FLOAT_TYPE));
      require(rows, "rows of floats (float[], float[][] or a tensor object)", operand, type, roots);
    }
  }

  private static void requireNumber(String line, Operand operand, Roots roots) {
    if (operand.root() instanceof Operand.Root.Constant) {
      return;
    }
    Type type = roots.find(operand.root()).type();
    if (operand.path().isEmpty()) {
      require(type.equals(Type.INT_TYPE), "an int for '" + line + "'", operand, type, roots);
      return;
    }
    requirePath(line, operand, type, roots);
    if (operand.path().size() == 1 && type.equals(Type.getObjectType(roots.code().owner().name))) {
      field(roots.code(), operand.path().get(0))
          .filter(t -> t.getSort() < Type.BYTE || t.getSort() > Type.INT)
          .filter(t -> t.getSort() != Type.CHAR)
          .ifPresent(t -> require(false, "an int for '" + line + "'", operand, t, roots));
    }
  }

  private static void requireObject(String line, Operand operand, Roots roots) {
    Type type = roots.find(operand.root()).type();
    if (operand.path().isEmpty()) {
      require(
          isReference(type),
          "an object for '" + line + "' (a number has to be a field: this.norm.eps)",
          operand,
          type,
          roots);
    } else {
      requirePath(line, operand, type, roots);
    }
  }

  private static void requirePath(String line, Operand operand, Type root, Roots roots) {
    require(
        root.getSort() == Type.OBJECT,
        "an object whose fields '" + line + "' can follow",
        operand,
        root,
        roots);
    boolean own = root.equals(Type.getObjectType(roots.code().owner().name));
    boolean inheritsNone = "java/lang/Object".equals(roots.code().owner().superName);
    String first = operand.path().get(0);
    if (own && inheritsNone && field(roots.code(), first).isEmpty()) {
      List<String> fields = roots.code().owner().fields.stream().map(f -> f.name).toList();
      throw new NoFit(
          "field-missing",
          "Wanted '"
              + operand
              + "' for '"
              + line
              + "' at "
              + roots.place()
              + "; found "
              + (fields.isEmpty() ? "no fields" : "the fields " + String.join(", ", fields))
              + ". "
              + Spelling.nearest(first, fields)
                  .map(near -> "Write: " + line + " " + operand.root() + "." + near + ".")
                  .orElse("Name one of them, or another operand."));
    }
  }

  private static Optional<Type> field(MethodCode code, String name) {
    return code.owner().fields.stream()
        .filter((FieldNode f) -> f.name.equals(name))
        .map(f -> Type.getType(f.desc))
        .findFirst();
  }

  private static void require(
      boolean fits, String wanted, Operand operand, Type found, Roots roots) {
    if (!fits) {
      throw new NoFit(
          "value-type",
          "Wanted "
              + wanted
              + " in '"
              + operand
              + "' at "
              + roots.place()
              + "; found "
              + SourceNames.brief(found)
              + ". Name another operand there, or another place.");
    }
  }

  private static boolean isReference(Type type) {
    return type.getSort() == Type.OBJECT || type.getSort() == Type.ARRAY;
  }
}
