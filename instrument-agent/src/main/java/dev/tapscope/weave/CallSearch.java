package dev.tapscope.weave;

import dev.tapscope.profile.FieldRef;
import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Spelling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.MethodInsnNode;

/** Finds the call a join point means. Bridge methods are the compiler's and never meant. */
final class CallSearch {
  private static final int MOST_LISTED = 8;

  private final MethodCode code;
  private final JoinPoint.AtCall wanted;
  private final MethodRef ref;

  private CallSearch(MethodCode code, JoinPoint.AtCall wanted) {
    this.code = code;
    this.wanted = wanted;
    this.ref = wanted.call();
  }

  static MethodInsnNode find(MethodCode code, JoinPoint.AtCall wanted) {
    return new CallSearch(code, wanted).find();
  }

  /** All calls of methods somebody wrote. */
  static List<MethodInsnNode> calls(MethodCode code) {
    return code.calls().stream().filter(call -> !ofBridge(code, call)).toList();
  }

  private static boolean ofBridge(MethodCode code, MethodInsnNode call) {
    return call.owner.equals(code.owner().name)
        && code.owner().methods.stream()
            .filter(m -> (m.access & Opcodes.ACC_BRIDGE) != 0)
            .anyMatch(m -> m.name.equals(call.name) && m.desc.equals(call.desc));
  }

  private MethodInsnNode find() {
    List<MethodInsnNode> named = named(code, ref);
    if (named.isEmpty()) {
      throw noCall();
    }
    List<MethodInsnNode> found =
        wanted.fedBy().map(field -> fedBy(code, named, field)).orElse(named);
    if (found.isEmpty()) {
      throw notFed(named);
    }
    if (callees(found, true).size() > 1) {
      throw ambiguous(found);
    }
    if (found.size() != wanted.of()) {
      throw miscounted(found);
    }
    return found.get(wanted.nth() - 1);
  }

  /** The calls a reference names, in bytecode order. */
  static List<MethodInsnNode> named(MethodCode code, MethodRef ref) {
    return calls(code).stream()
        .filter(at -> at.name.equals(ref.name()))
        .filter(at -> SourceNames.matchClass(ref.owner(), at.owner))
        .filter(at -> ref.parameters().map(p -> SourceNames.match(p, at.desc)).orElse(true))
        .toList();
  }

  /** Those of some calls whose receiver or an argument was loaded from a field. */
  static List<MethodInsnNode> fedBy(MethodCode code, List<MethodInsnNode> calls, FieldRef field) {
    return calls.stream()
        .filter(call ->
            code.sources().feeding(call).stream()
                .anyMatch(at -> Fields.match(field, at, code.owner().name)))
        .toList();
  }

  private NoFit ambiguous(List<MethodInsnNode> found) {
    Map<String, List<MethodInsnNode>> callees = callees(found, true);
    return new NoFit(
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
                    line(e.getKey(), fed(), 1, e.getValue().size())
                        + " ("
                        + code.places(e.getValue())
                        + ")")
                .collect(Collectors.joining("; "))
            + ".");
  }

  private NoFit miscounted(List<MethodInsnNode> found) {
    return new NoFit(
        "call-count",
        wantedText()
            + "; found "
            + found.size()
            + ", at "
            + code.places(found)
            + ". Look at which is meant and write: "
            + line(ref.toString(), fed(), Math.min(wanted.nth(), found.size()), found.size())
            + ".");
  }

  /** Says which fields do feed the calls, and how many each. */
  private NoFit notFed(List<MethodInsnNode> named) {
    Map<String, Integer> fields = new LinkedHashMap<>();
    List<String> lines = new ArrayList<>();
    for (MethodInsnNode call : named) {
      List<String> feeding =
          code.sources().feeding(call).stream()
              .map(at -> Fields.reference(at, code.owner().name).toString())
              .distinct()
              .toList();
      feeding.forEach(field -> fields.merge(field, 1, Integer::sum));
      lines.add(
          code.place(call)
              + (feeding.isEmpty() ? " by no field" : " by " + String.join(" and ", feeding)));
    }
    String hint =
        fields.isEmpty()
            ? "Write: "
                + line(ref.toString(), "", Math.min(wanted.nth(), named.size()), named.size())
            : likely(fields);
    return new NoFit(
        "call-count",
        wantedText()
            + "; found none: the "
            + counted(named.size(), "call")
            + (named.size() == 1 ? " is" : " are")
            + " fed at "
            + String.join(", at ", lines)
            + ". "
            + hint
            + ".");
  }

  /** Names are compared without their owners, which may be written short or in full. */
  private String likely(Map<String, Integer> fields) {
    Map<String, String> byName = new LinkedHashMap<>();
    fields.keySet().forEach(f -> byName.putIfAbsent(f.substring(f.lastIndexOf('.') + 1), f));
    String field =
        Spelling.nearest(wanted.fedBy().orElseThrow().name(), byName.keySet())
            .map(byName::get)
            .orElse(fields.keySet().iterator().next());
    return "Write: " + line(ref.toString(), " fed by " + field, 1, fields.get(field));
  }

  private NoFit noCall() {
    Map<String, List<MethodInsnNode>> callees = callees(calls(code), false);
    List<String> names = calls(code).stream().map(at -> at.name).toList();
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
            : "Write: " + line(likely.get(0), "", 1, callees.get(likely.get(0)).size()) + ".";
    return new NoFit(
        "call-count",
        "Wanted "
            + counted(wanted.of(), "call")
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

  private String wantedText() {
    return "Wanted "
        + wanted.nth()
        + " of "
        + counted(wanted.of(), "call")
        + " of "
        + ref
        + fed()
        + " in "
        + code.name();
  }

  private String fed() {
    return wanted.fedBy().map(field -> " fed by " + field).orElse("");
  }

  private String line(String method, String fed, int nth, int of) {
    return wanted.side() + " call " + method + fed + " " + nth + " of " + of;
  }

  static String counted(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  /** Calls by the method they call, with its parameters. */
  static Map<String, List<MethodInsnNode>> callees(List<MethodInsnNode> calls, boolean inFull) {
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
}
