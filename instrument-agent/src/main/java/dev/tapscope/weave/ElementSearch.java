package dev.tapscope.weave;

import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.JoinPoint.ArrayRef;
import dev.tapscope.profile.Operand.Root;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.VarInsnNode;

/** Finds the store of an array element a join point means, {@code x[i] = y}. */
final class ElementSearch {
  private final MethodCode code;

  ElementSearch(MethodCode code) {
    this.code = code;
  }

  AbstractInsnNode find(JoinPoint.AfterElement wanted) {
    List<AbstractInsnNode> found =
        code.elementStores().stream().filter(store -> into(store, wanted.array())).toList();
    if (found.size() != wanted.of()) {
      throw new NoFit(
          "element-count",
          "Wanted "
              + wanted.nth()
              + " of "
              + CallSearch.counted(wanted.of(), "store")
              + " of an element of "
              + (wanted.array() instanceof ArrayRef.Any ? "any array" : wanted.array())
              + " in "
              + code.name()
              + "; found "
              + (found.isEmpty() ? "none" : found.size() + ", at " + code.places(found))
              + ". "
              + hint(wanted, found));
    }
    return found.get(wanted.nth() - 1);
  }

  private boolean into(AbstractInsnNode store, ArrayRef array) {
    if (array instanceof ArrayRef.Any) {
      return true;
    }
    if (array instanceof ArrayRef.InField field) {
      return code.sources()
          .fieldStoredInto(store)
          .filter(at -> Fields.match(field.field(), at, code.owner().name))
          .isPresent();
    }
    Root variable = ((ArrayRef.InVariable) array).variable();
    Optional<VarInsnNode> load = code.sources().variableStoredInto(store);
    if (variable instanceof Root.Slot slot) {
      return load.filter(at -> at.var == slot.index()).isPresent();
    }
    List<LocalVariableNode> named =
        StoreSearch.variables(
            code, ((Root.Local) variable).name(), near -> "after element " + near + " N of M");
    return load.filter(at -> named.stream().anyMatch(v -> code.uses(at, at.var, v))).isPresent();
  }

  private String hint(JoinPoint.AfterElement wanted, List<AbstractInsnNode> found) {
    if (!found.isEmpty()) {
      return "Look at which is meant and write: after element "
          + wanted.array()
          + " "
          + Math.min(wanted.nth(), found.size())
          + " of "
          + found.size()
          + ".";
    }
    Map<String, List<AbstractInsnNode>> arrays = arrays();
    return arrays.isEmpty()
        ? "It stores no element itself; tap the call that does."
        : "The stores are to elements of "
            + arrays.entrySet().stream()
                .map(e -> e.getKey() + " (" + code.places(e.getValue()) + ")")
                .collect(Collectors.joining(", "))
            + ". Name one of them.";
  }

  /** All stores of elements by the array as a profile would name it. */
  Map<String, List<AbstractInsnNode>> arrays() {
    Map<String, List<AbstractInsnNode>> arrays = new LinkedHashMap<>();
    for (AbstractInsnNode store : code.elementStores()) {
      arrays.computeIfAbsent(array(store), key -> new ArrayList<>()).add(store);
    }
    return arrays;
  }

  private String array(AbstractInsnNode store) {
    Optional<VarInsnNode> load = code.sources().variableStoredInto(store);
    if (load.isPresent()) {
      int slot = load.get().var;
      return code.variables().stream()
          .filter(v -> code.uses(load.get(), slot, v))
          .findFirst()
          .map(v -> "local " + v.name)
          .orElse("slot " + slot);
    }
    return code.sources()
        .fieldStoredInto(store)
        .map(field -> Fields.reference(field, code.owner().name).toString())
        .orElse(ArrayRef.ANY.toString());
  }
}
