package dev.tapscope.weave;

import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Operand.Step;
import dev.tapscope.profile.Spelling;
import java.util.List;
import java.util.Optional;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.FieldNode;

/**
 * Follows the paths of operands as far as one class file tells: through its own fields and through
 * arrays. What lies in another class is known when the tap is linked.
 */
final class Paths {
  private final Roots roots;

  Paths(Roots roots) {
    this.roots = roots;
  }

  /**
   * Type at the end of a path; empty where it leads into another class.
   *
   * @param line keyword of the line the operand stands in, for sentences
   */
  Optional<Type> end(String line, Operand operand, Type root) {
    Optional<Type> type = Optional.of(root);
    for (Step step : operand.path()) {
      if (step instanceof Step.Element element) {
        requireIndex(operand, element);
      }
      if (type.isPresent()) {
        type = follow(line, operand, type.get(), step);
      }
    }
    return type;
  }

  private Optional<Type> follow(String line, Operand operand, Type from, Step step) {
    if (step instanceof Step.Field field) {
      require(
          from.getSort() == Type.OBJECT,
          "an object whose fields '" + line + "' can follow",
          operand,
          from,
          roots);
      return field(line, operand, from, field.name());
    }
    boolean opaque = from.equals(Type.getType(Object.class));
    require(
        from.getSort() == Type.ARRAY || opaque,
        "an array before '" + step + "'",
        operand,
        from,
        roots);
    return opaque ? Optional.empty() : Optional.of(Type.getType(from.getDescriptor().substring(1)));
  }

  private void requireIndex(Operand operand, Step.Element element) {
    if (!(element.index() instanceof Operand.Root.Constant)) {
      Type type = roots.find(element.index()).type();
      require(
          type.equals(Type.INT_TYPE),
          "an int as the index '" + element.index() + "'",
          operand,
          type,
          roots);
    }
  }

  private Optional<Type> field(String line, Operand operand, Type owner, String name) {
    List<FieldNode> fields = roots.code().owner().fields;
    if (!owner.equals(Type.getObjectType(roots.code().owner().name))) {
      return Optional.empty();
    }
    Optional<Type> found =
        fields.stream().filter(f -> f.name.equals(name)).map(f -> Type.getType(f.desc)).findFirst();
    boolean inheritsNone = "java/lang/Object".equals(roots.code().owner().superName);
    if (found.isEmpty() && inheritsNone) {
      List<String> names = fields.stream().map(f -> f.name).toList();
      throw new NoFit(
          "field-missing",
          "Wanted '"
              + operand
              + "' for '"
              + line
              + "' at "
              + roots.place()
              + "; found "
              + (names.isEmpty() ? "no fields" : "the fields " + String.join(", ", names))
              + ". "
              + Spelling.nearest(name, names)
                  .map(near -> "Write: " + line + " " + operand.root() + "." + near + ".")
                  .orElse("Name one of them, or another operand."));
    }
    return found;
  }

  static void require(boolean fits, String wanted, Operand operand, Type found, Roots roots) {
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
}
