package dev.tapscope.weave;

import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Operand.Root;
import dev.tapscope.profile.Spelling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/** Finds the points of a method a join point means: one, or at {@code exit} one for each return. */
final class PointSearch {
  private static final int MOST_LISTED = 8;

  private final MethodCode code;
  private final JoinPoint wanted;

  private PointSearch(MethodCode code, JoinPoint wanted) {
    this.code = code;
    this.wanted = wanted;
  }

  static List<Point> find(MethodCode code, JoinPoint wanted) {
    PointSearch search = new PointSearch(code, wanted);
    List<Point> points = search.find();
    points.forEach(search::requireConstructed);
    return points;
  }

  private List<Point> find() {
    if (wanted instanceof JoinPoint.Entry) {
      return List.of(entry());
    }
    if (wanted instanceof JoinPoint.Exit) {
      return exits();
    }
    if (wanted instanceof JoinPoint.BeforeCall at) {
      return List.of(Point.beforeCall(call("before", at.call(), at.nth(), at.of())));
    }
    if (wanted instanceof JoinPoint.AfterCall at) {
      return List.of(Point.afterCall(call("after", at.call(), at.nth(), at.of())));
    }
    return List.of(Point.after(store((JoinPoint.AfterStore) wanted)));
  }

  /** Before the first label: a loop that jumps back to the start must not pass here again. */
  private Point entry() {
    return code.method().name.equals("<init>")
        ? code.superCall().map(Point::after).orElseThrow(this::oddConstructor)
        : Point.before(code.method().instructions.getFirst());
  }

  private NoFit oddConstructor() {
    return new NoFit(
        "before-super",
        "Wanted the start of the constructor "
            + code.name()
            + "; found no single call of super() or this() to begin behind. Tap a method it"
            + " calls.");
  }

  /** In a constructor nothing can be tapped before the object exists. */
  private void requireConstructed(Point point) {
    if (!code.method().name.equals("<init>")) {
      return;
    }
    MethodInsnNode superCall = code.superCall().orElseThrow(this::oddConstructor);
    boolean early =
        code.position(point.anchor()) < code.position(superCall)
            || (point.anchor() == superCall && !point.after());
    if (early) {
      throw new NoFit(
          "before-super",
          "Wanted '"
              + wanted
              + "' in "
              + code.name()
              + ", "
              + code.place(point.anchor())
              + "; found it before super() or this() at "
              + code.place(superCall)
              + ", where the object does not exist yet. Write: at entry, or a later place.");
    }
  }

  private List<Point> exits() {
    List<Point> points = code.returns().stream().map(Point::before).toList();
    if (points.isEmpty()) {
      throw new NoFit(
          "exit-missing",
          "Wanted the exit of "
              + code.name()
              + "; found that it never returns normally. Tap a call or a store inside it.");
    }
    return points;
  }

  private MethodInsnNode call(String side, MethodRef ref, int nth, int of) {
    List<MethodInsnNode> found =
        code.calls().stream()
            .filter(at -> at.name.equals(ref.name()))
            .filter(at -> SourceNames.matchClass(ref.owner(), at.owner))
            .filter(at -> ref.parameters().map(p -> SourceNames.match(p, at.desc)).orElse(true))
            .toList();
    if (found.isEmpty()) {
      throw noCall(side, ref, of);
    }
    Map<String, List<MethodInsnNode>> callees = callees(found, true);
    if (callees.size() > 1) {
      throw new NoFit(
          "call-ambiguous",
          "Wanted calls of one method "
              + ref
              + " in "
              + code.name()
              + "; found "
              + callees.size()
              + " methods. Write one of: "
              + callees.entrySet().stream()
                  .map(e ->
                      side
                          + " call "
                          + e.getKey()
                          + " 1 of "
                          + e.getValue().size()
                          + " ("
                          + code.places(e.getValue())
                          + ")")
                  .collect(Collectors.joining("; "))
              + ".");
    }
    if (found.size() != of) {
      throw new NoFit(
          "call-count",
          "Wanted "
              + nth
              + " of "
              + counted(of, "call")
              + " of "
              + ref
              + " in "
              + code.name()
              + "; found "
              + found.size()
              + ", at "
              + code.places(found)
              + ". Look at which is meant and write: "
              + side
              + " call "
              + ref
              + " "
              + Math.min(nth, found.size())
              + " of "
              + found.size()
              + ".");
    }
    return found.get(nth - 1);
  }

  private NoFit noCall(String side, MethodRef ref, int of) {
    Map<String, List<MethodInsnNode>> callees = callees(code.calls(), false);
    List<String> names = code.calls().stream().map(at -> at.name).toList();
    List<String> near =
        names.contains(ref.name()) ? List.of(ref.name()) : Spelling.nearest(ref.name(), names, 3);
    List<String> likely =
        callees.keySet().stream()
            .filter(callee -> near.contains(callees.get(callee).get(0).name))
            .toList();
    List<String> shown =
        likely.isEmpty() ? callees.keySet().stream().limit(MOST_LISTED).toList() : likely;
    String hint =
        likely.isEmpty()
            ? "Name one of them, or the method that makes the call."
            : "Write: "
                + side
                + " call "
                + likely.get(0)
                + " 1 of "
                + callees.get(likely.get(0)).size()
                + ".";
    return new NoFit(
        "call-count",
        "Wanted "
            + counted(of, "call")
            + " of "
            + ref
            + " in "
            + code.name()
            + "; found none. It calls "
            + (shown.isEmpty()
                ? "nothing"
                : shown.stream()
                    .map(c -> c + " (" + code.places(callees.get(c)) + ")")
                    .collect(Collectors.joining(", ")))
            + (callees.size() > shown.size() && likely.isEmpty()
                ? " and " + (callees.size() - shown.size()) + " more"
                : "")
            + ". "
            + hint);
  }

  private static Map<String, List<MethodInsnNode>> callees(
      List<MethodInsnNode> calls, boolean inFull) {
    Map<String, List<MethodInsnNode>> callees = new LinkedHashMap<>();
    for (MethodInsnNode call : calls) {
      String owner = SourceNames.className(call.owner);
      String brief = SourceNames.brief(Type.getObjectType(call.owner));
      String name =
          inFull
              ? SourceNames.methodInFull(owner, call.name, call.desc)
              : SourceNames.method(brief, call.name, call.desc);
      callees.computeIfAbsent(name, key -> new ArrayList<>()).add(call);
    }
    return callees;
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
              + counted(at.of(), "store")
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
        code.variables().stream().filter(v -> v.name.equals(name)).toList();
    if (variables.isEmpty()) {
      throw noVariable(name);
    }
    return code.stores().stream()
        .filter(store -> variables.stream().anyMatch(v -> code.assigns(store, v)))
        .toList();
  }

  private NoFit noVariable(String name) {
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
                .map(near -> " Write: after store local " + near + " N of M.")
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

  private static String counted(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }
}
