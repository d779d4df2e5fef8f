package dev.tapscope.weave;

import dev.tapscope.profile.FieldRef;
import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.Spelling;
import java.util.List;
import java.util.stream.Collectors;
import org.objectweb.asm.tree.FieldInsnNode;

/** Finds the store into a field a join point means. */
final class PutSearch {
  private final MethodCode code;

  PutSearch(MethodCode code) {
    this.code = code;
  }

  /**
   * @param wanted the whole join point, for sentences
   */
  FieldInsnNode put(FieldRef field, int nth, int of, JoinPoint wanted) {
    List<FieldInsnNode> found =
        code.puts().stream().filter(at -> Fields.match(field, at, code.owner().name)).toList();
    long owners = found.stream().map(at -> at.owner).distinct().count();
    if (found.size() != of || owners > 1) {
      throw new NoFit(
          "put-count",
          "Wanted "
              + nth
              + " of "
              + CallSearch.counted(of, "put")
              + " of "
              + field
              + " in "
              + code.name()
              + "; found "
              + (found.isEmpty() ? "none" : found.size() + ", at " + code.places(found))
              + ". "
              + (owners > 1
                  ? "They are fields of several classes: write the class in full."
                  : hint(field, nth, found, wanted)));
    }
    return found.get(nth - 1);
  }

  private String hint(FieldRef field, int nth, List<FieldInsnNode> found, JoinPoint wanted) {
    String side = wanted instanceof JoinPoint.BeforePut ? "before" : "after";
    if (!found.isEmpty()) {
      return "Look at which is meant and write: "
          + line(side, field.toString(), Math.min(nth, found.size()), found.size());
    }
    List<String> there = code.puts().stream().map(this::reference).toList();
    String all =
        there.isEmpty()
            ? "It puts nothing into any field; tap a call or the store of a variable."
            : "It puts into " + there.stream().distinct().collect(Collectors.joining(", ")) + ". ";
    return all
        + Spelling.nearest(field.toString(), there)
            .map(near ->
                "Write: " + line(side, near, 1, (int) there.stream().filter(near::equals).count()))
            .orElse(there.isEmpty() ? "" : "Name one of them.");
  }

  private static String line(String side, String field, int nth, int of) {
    return side + " put " + field + " " + nth + " of " + of + ".";
  }

  private String reference(FieldInsnNode at) {
    return Fields.reference(at, code.owner().name).toString();
  }
}
