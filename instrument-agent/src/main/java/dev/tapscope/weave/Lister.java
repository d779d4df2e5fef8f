package dev.tapscope.weave;

import dev.tapscope.profile.FieldRef;
import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.LambdaRef;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Operand.Root;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/** Makes the {@link MethodListing} of one body. */
final class Lister {
  private final MethodCode code;
  private final String in;

  private Lister(MethodCode code, String in) {
    this.code = code;
    this.in = in;
  }

  static MethodListing list(byte[] classFile, MethodRef method, List<LambdaRef> lambdas) {
    Weaver.unreadable(classFile)
        .ifPresent(e -> {
          throw TapscopeException.check(e.id(), e.getMessage());
        });
    try {
      ClassNode owner = new ClassNode();
      new ClassReader(classFile).accept(owner, ClassReader.EXPAND_FRAMES);
      MethodNode found = MethodSearch.find(owner, method);
      StringBuilder in = new StringBuilder(MethodSearch.reference(owner, found));
      lambdas.forEach(lambda -> in.append(' ').append(lambda));
      MethodNode body = new LambdaSearch(owner).find(found, lambdas);
      return new Lister(new MethodCode(owner, body), in.toString()).list();
    } catch (NoFit e) {
      throw TapscopeException.check(e.id(), e.getMessage());
    } catch (RuntimeException e) {
      throw TapscopeException.check("class-file", Weaver.damaged(e).getMessage());
    }
  }

  private MethodListing list() {
    return new MethodListing(
        in,
        Fingerprint.of(code.owner().name, code.method()),
        code.hasVariables(),
        CallSearch.calls(code).stream().map(this::call).toList(),
        stores(),
        puts(),
        elements(),
        loops(),
        lambdas(),
        variables());
  }

  private MethodListing.Place place(AbstractInsnNode at, int nth, int of, String text) {
    return new MethodListing.Place(code.line(at), code.place(at), nth, of, text);
  }

  private MethodListing.Call call(MethodInsnNode call) {
    MethodRef method = reference(call);
    List<MethodInsnNode> same = CallSearch.named(code, method);
    List<MethodListing.Place> places = new ArrayList<>();
    places.add(call(call, method, Optional.empty(), same));
    code.sources().feeding(call).stream()
        .map(at -> Fields.reference(at, code.owner().name))
        .distinct()
        .forEach(field ->
            places.add(
                call(call, method, Optional.of(field), CallSearch.fedBy(code, same, field))));
    return new MethodListing.Call(
        places, types(call.desc), SourceNames.brief(Type.getReturnType(call.desc)));
  }

  private MethodListing.Place call(
      MethodInsnNode call, MethodRef method, Optional<FieldRef> fedBy, List<MethodInsnNode> same) {
    int nth = same.indexOf(call) + 1;
    JoinPoint text = new JoinPoint.AfterCall(method, fedBy, nth, same.size());
    return place(call, nth, same.size(), text.toString());
  }

  /** As short as names this method and no other the body calls. */
  private MethodRef reference(MethodInsnNode call) {
    String brief = SourceNames.brief(Type.getObjectType(call.owner));
    MethodRef inBrief = MethodRef.parse(SourceNames.method(brief, call.name, call.desc));
    boolean told =
        CallSearch.named(code, inBrief).stream()
            .allMatch(at -> at.owner.equals(call.owner) && at.desc.equals(call.desc));
    String full = SourceNames.className(call.owner);
    return told ? inBrief : MethodRef.parse(SourceNames.methodInFull(full, call.name, call.desc));
  }

  private static List<String> types(String descriptor) {
    return Arrays.stream(Type.getArgumentTypes(descriptor)).map(SourceNames::brief).toList();
  }

  private List<MethodListing.Place> stores() {
    Map<String, List<VarInsnNode>> byVariable = new LinkedHashMap<>();
    for (VarInsnNode store : code.stores()) {
      byVariable
          .computeIfAbsent(
              variable(store.var, v -> code.assigns(store, v)), key -> new ArrayList<>())
          .add(store);
    }
    // By number a slot means all its stores, those of named variables too.
    byVariable.replaceAll((name, stores) ->
        name.startsWith("slot")
            ? code.stores().stream().filter(s -> s.var == stores.get(0).var).toList()
            : stores);
    return counted(byVariable, "after store ", "");
  }

  /** {@code local x}, or {@code slot 4} where no name is known. */
  private String variable(int slot, Predicate<LocalVariableNode> uses) {
    return code.variables().stream()
        .filter(uses)
        .findFirst()
        .map(v -> new Root.Local(v.name).toString())
        .orElseGet(() -> new Root.Slot(slot).toString());
  }

  private List<MethodListing.Place> counted(
      Map<String, ? extends List<? extends AbstractInsnNode>> groups, String before, String after) {
    List<MethodListing.Place> all = new ArrayList<>();
    groups.forEach((name, group) -> {
      for (int i = 0; i < group.size(); i++) {
        int nth = i + 1;
        String text = before + name + after + " " + nth + " of " + group.size();
        all.add(place(group.get(i), nth, group.size(), text));
      }
    });
    return all;
  }

  private List<MethodListing.Place> puts() {
    Map<String, List<FieldInsnNode>> byField = new LinkedHashMap<>();
    for (FieldInsnNode put : code.puts()) {
      byField.computeIfAbsent(field(put), key -> new ArrayList<>()).add(put);
    }
    return counted(byField, "after put ", "");
  }

  private String field(FieldInsnNode put) {
    FieldRef brief = Fields.reference(put, code.owner().name);
    boolean told =
        code.puts().stream()
            .filter(at -> Fields.match(brief, at, code.owner().name))
            .allMatch(at -> at.owner.equals(put.owner));
    return told ? brief.toString() : SourceNames.className(put.owner) + "." + put.name;
  }

  private List<MethodListing.Place> elements() {
    Map<String, List<AbstractInsnNode>> arrays = new ElementSearch(code).arrays();
    List<AbstractInsnNode> all = code.elementStores();
    List<AbstractInsnNode> unnamed =
        arrays.getOrDefault(JoinPoint.ArrayRef.ANY.toString(), List.of());
    arrays.remove(JoinPoint.ArrayRef.ANY.toString());
    List<MethodListing.Place> places = counted(arrays, "after element ", "");
    for (AbstractInsnNode store : unnamed) {
      int nth = all.indexOf(store) + 1;
      String text = "after element any " + nth + " of " + all.size();
      places.add(place(store, nth, all.size(), text));
    }
    return places;
  }

  private List<MethodListing.Place> loops() {
    Map<String, List<AbstractInsnNode>> byVariable = new LinkedHashMap<>();
    new LoopSearch(code)
        .byVariable()
        .forEach((name, loops) ->
            byVariable.put(name, loops.stream().<AbstractInsnNode>map(Loops.Loop::count).toList()));
    List<MethodListing.Place> all = new ArrayList<>(counted(byVariable, "loop ", " begin"));
    all.addAll(counted(byVariable, "loop ", " end"));
    return all;
  }

  private List<MethodListing.Lambda> lambdas() {
    List<LambdaSearch.Lambda> found = new LambdaSearch(code.owner()).in(code.method());
    List<MethodListing.Lambda> all = new ArrayList<>();
    for (LambdaSearch.Lambda lambda : found) {
      LambdaRef ref = new LambdaRef(all.size() + 1, found.size());
      all.add(
          new MethodListing.Lambda(
              place(lambda.made(), ref.nth(), ref.of(), "in " + in + " " + ref),
              types(lambda.body().desc),
              lambda.captured()));
    }
    return all;
  }

  private List<MethodListing.Variable> variables() {
    List<MethodListing.Variable> all = new ArrayList<>();
    Type[] parameters = Type.getArgumentTypes(code.method().desc);
    int behind = code.slotOfParameter(parameters.length);
    for (int i = 0; i < parameters.length; i++) {
      int slot = code.slotOfParameter(i);
      String name =
          code.variables().stream()
              .filter(v -> v.index == slot && code.position(v.start) == 0)
              .map(v -> v.name)
              .findFirst()
              .orElse("");
      all.add(variable("arg " + i, name, slot, parameters[i], Optional.empty()));
    }
    for (LocalVariableNode v : code.variables()) {
      if (v.index >= behind) {
        Type type = Type.getType(v.desc);
        all.add(variable(new Root.Local(v.name).toString(), v.name, v.index, type, Optional.of(v)));
      }
    }
    return code.hasVariables() ? all : withSlots(all, behind);
  }

  private MethodListing.Variable variable(
      String text, String name, int slot, Type type, Optional<LocalVariableNode> scope) {
    return new MethodListing.Variable(
        text,
        name,
        slot,
        SourceNames.brief(type),
        scope.map(v -> code.line(v.start)).orElse(0),
        scope.map(this::lastLine).orElse(0));
  }

  private int lastLine(LocalVariableNode variable) {
    int last = code.line(variable.start);
    for (AbstractInsnNode at = variable.start; at != variable.end; at = at.getNext()) {
      last = Math.max(last, code.line(at));
    }
    return last;
  }

  /** Without names, the slots that are assigned, with what they hold first. */
  private List<MethodListing.Variable> withSlots(List<MethodListing.Variable> all, int behind) {
    Map<Integer, VarInsnNode> first = new LinkedHashMap<>();
    code.stores().stream().filter(s -> s.var >= behind).forEach(s -> first.putIfAbsent(s.var, s));
    first.forEach((slot, store) -> {
      Type type = code.flow().after(store).getLocal(slot).getType();
      if (type != null) {
        all.add(variable(new Root.Slot(slot).toString(), "", slot, type, Optional.empty()));
      }
    });
    return all;
  }
}
