package dev.tapscope.weave;

import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.Operand.Root;
import dev.tapscope.profile.Spelling;
import java.util.List;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.VarInsnNode;

/** Finds the assignment of a variable a join point means. */
final class StoreSearch {
  private final MethodCode code;

  private StoreSearch(MethodCode code) {
    this.code = code;
  }

  static VarInsnNode find(MethodCode code, JoinPoint.AfterStore wanted) {
    return new StoreSearch(code).store(wanted);
  }

  /**
   * The variables of a name, of which there has to be one.
   *
   * @param write the line of a profile a hint begins with, for a given variable
   */
  static List<LocalVariableNode> variables(
      MethodCode code, String name, UnaryOperator<String> write) {
    List<LocalVariableNode> variables =
        code.variables().stream().filter(v -> v.name.equals(name)).toList();
    if (variables.isEmpty()) {
      throw new StoreSearch(code).noVariable(name, write);
    }
    return variables;
  }

  private VarInsnNode store(JoinPoint.AfterStore at) {
    List<VarInsnNode> found =
        at.variable() instanceof Root.Local local
            ? storesTo(local.name())
            : code.stores().stream()
                .filter(store -> store.var == ((Root.Slot) at.variable()).index())
                .toList();
    if (found.size() != at.of()) {
      throw new NoFit(
          "store-count",
          "Wanted "
              + at.nth()
              + " of "
              + CallSearch.counted(at.of(), "store")
              + " to "
              + at.variable()
              + " in "
              + code.name()
              + "; found "
              + (found.isEmpty() ? "none" : found.size() + ", at " + code.places(found))
              + ". "
              + hint(at, found));
    }
    return found.get(at.nth() - 1);
  }

  private String hint(JoinPoint.AfterStore at, List<VarInsnNode> found) {
    if (!found.isEmpty()) {
      return "Look at which is meant and write: after store "
          + at.variable()
          + " "
          + Math.min(at.nth(), found.size())
          + " of "
          + found.size()
          + ".";
    }
    return at.variable() instanceof Root.Local
        ? "A parameter that is never assigned is whole at the start; write: at entry."
        : "The stores are to " + slots() + ".";
  }

  private List<VarInsnNode> storesTo(String name) {
    List<LocalVariableNode> variables =
        variables(code, name, near -> "after store " + near + " N of M");
    return code.stores().stream()
        .filter(store -> variables.stream().anyMatch(v -> code.assigns(store, v)))
        .toList();
  }

  private NoFit noVariable(String name, UnaryOperator<String> write) {
    String wantedHere = "Wanted a local variable '" + name + "' in " + code.name();
    if (!code.hasVariables()) {
      return new NoFit(
          "local-missing",
          wantedHere
              + "; found that the class was compiled without names of variables (no"
              + " LocalVariableTable). Compile it with -g, or write 'slot N' for 'local "
              + name
              + "'; the stores are to "
              + slots()
              + ".");
    }
    List<String> names = code.variables().stream().map(v -> v.name).distinct().sorted().toList();
    return new NoFit(
        "local-missing",
        wantedHere
            + "; found "
            + String.join(", ", names)
            + "."
            + Spelling.nearest(name, names)
                .map(near -> " Write: " + write.apply("local " + near) + ".")
                .orElse(" Name one of them."));
  }

  /** {@code slot 4 (line 12, line 15), slot 6 (line 13)}. */
  private String slots() {
    List<VarInsnNode> stores = code.stores();
    String all =
        new TreeSet<>(stores.stream().map(store -> store.var).toList())
            .stream()
                .map(slot ->
                    "slot "
                        + slot
                        + " ("
                        + code.places(stores.stream().filter(s -> s.var == slot).toList())
                        + ")")
                .collect(Collectors.joining(", "));
    return all.isEmpty() ? "no slot at all" : all;
  }
}
