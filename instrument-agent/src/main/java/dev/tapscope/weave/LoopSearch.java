package dev.tapscope.weave;

import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.Operand.Root;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.objectweb.asm.tree.LocalVariableNode;

/** Finds the begin or the end of the rounds of the loop a join point means. */
final class LoopSearch {
  private final MethodCode code;
  private final List<Loops.Loop> loops;

  LoopSearch(MethodCode code) {
    this.code = code;
    this.loops = Loops.of(code);
  }

  Point find(JoinPoint wanted) {
    if (wanted instanceof JoinPoint.LoopBegin at) {
      return loop(at.variable(), "begin", at.nth(), at.of()).begin();
    }
    JoinPoint.LoopEnd at = (JoinPoint.LoopEnd) wanted;
    return loop(at.variable(), "end", at.nth(), at.of()).end();
  }

  private Loops.Loop loop(Root variable, String part, int nth, int of) {
    List<Loops.Loop> found = on(variable, part);
    if (found.size() != of) {
      throw new NoFit(
          "loop-count",
          "Wanted "
              + nth
              + " of "
              + CallSearch.counted(of, "loop")
              + " that "
              + (of == 1 ? "counts" : "count")
              + " in "
              + variable
              + " in "
              + code.name()
              + "; found "
              + (found.isEmpty() ? "none" : found.size() + ", counted on at " + places(found))
              + ". "
              + hint(variable, part, nth, found));
    }
    return found.get(nth - 1);
  }

  private List<Loops.Loop> on(Root variable, String part) {
    if (variable instanceof Root.Slot slot) {
      return loops.stream().filter(loop -> loop.slot() == slot.index()).toList();
    }
    List<LocalVariableNode> named =
        StoreSearch.variables(
            code, ((Root.Local) variable).name(), near -> "loop " + near + " " + part + " N of M");
    return loops.stream()
        .filter(loop -> named.stream().anyMatch(v -> code.uses(loop.count(), loop.slot(), v)))
        .toList();
  }

  private String hint(Root variable, String part, int nth, List<Loops.Loop> found) {
    if (!found.isEmpty()) {
      return "Look at which is meant and write: loop "
          + variable
          + " "
          + part
          + " "
          + Math.min(nth, found.size())
          + " of "
          + found.size()
          + ".";
    }
    String rule =
        "A loop counts when its one way back is over '++', '--', '+=' or '-=' of an int variable. ";
    Map<String, List<Loops.Loop>> there = byVariable();
    return rule
        + (there.isEmpty()
            ? "Tap a call or a store in the loop."
            : "There are loops on "
                + there.entrySet().stream()
                    .map(e -> e.getKey() + " (" + places(e.getValue()) + ")")
                    .collect(Collectors.joining(", "))
                + "; name one of them, or tap a call or a store in the loop.");
  }

  /** All loops by their variable as a profile would name it. */
  Map<String, List<Loops.Loop>> byVariable() {
    Map<String, List<Loops.Loop>> all = new LinkedHashMap<>();
    for (Loops.Loop loop : loops) {
      String name =
          code.variables().stream()
              .filter(v -> code.uses(loop.count(), loop.slot(), v))
              .findFirst()
              .map(v -> "local " + v.name)
              .orElse("slot " + loop.slot());
      all.computeIfAbsent(name, key -> new ArrayList<>()).add(loop);
    }
    return all;
  }

  private String places(List<Loops.Loop> some) {
    return code.places(some.stream().map(Loops.Loop::count).toList());
  }
}
