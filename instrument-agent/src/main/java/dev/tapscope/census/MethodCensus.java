package dev.tapscope.census;

import dev.tapscope.census.Place.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;
import org.objectweb.asm.tree.analysis.Analyzer;
import org.objectweb.asm.tree.analysis.AnalyzerException;
import org.objectweb.asm.tree.analysis.BasicValue;
import org.objectweb.asm.tree.analysis.Frame;

/** Finds and taps the places of one method. */
final class MethodCensus {
  /** Its own methods hand back a buffer or a view of it, once for each number that is put. */
  private static final String BUFFER = "java/nio/FloatBuffer";

  private final ClassNode owner;
  private final MethodNode method;
  private final Set<String> tensors;
  private final ToIntFunction<String> numbered;
  private final boolean instance;
  private final Type[] parameters;
  private final String name;
  private final List<Place> places = new ArrayList<>();
  private final Map<AbstractInsnNode, Integer> positions = new HashMap<>();
  private final List<Runnable> insertions = new ArrayList<>();
  private Frame<BasicValue>[] frames;

  MethodCensus(
      ClassNode owner, MethodNode method, Set<String> tensors, ToIntFunction<String> numbered) {
    this.owner = owner;
    this.method = method;
    this.tensors = tensors;
    this.numbered = numbered;
    this.instance = (method.access & Opcodes.ACC_STATIC) == 0;
    this.parameters = Type.getArgumentTypes(method.desc);
    this.name =
        Type.getObjectType(owner.name).getClassName()
            + "."
            + method.name
            + Arrays.stream(parameters)
                .map(MethodCensus::brief)
                .collect(Collectors.joining(", ", "(", ")"));
  }

  /** Weaves the method and returns what was tapped. */
  List<Place> weave() {
    try {
      frames = new Analyzer<>(new ArrayTypes()).analyze(owner.name, method);
    } catch (AnalyzerException e) {
      throw new IllegalArgumentException("the code of " + name + " cannot be followed", e);
    }
    int position = 0;
    for (AbstractInsnNode at : method.instructions) {
      positions.put(at, position);
      position += at.getOpcode() >= 0 ? 1 : 0;
    }
    entry();
    calls();
    stores();
    puts();
    exits();
    insertions.forEach(Runnable::run);
    return places;
  }

  private static String brief(Type type) {
    String full = type.getClassName();
    return full.substring(full.lastIndexOf('.') + 1);
  }

  private boolean tensor(Type type) {
    return tensors.contains(type.getDescriptor());
  }

  private void entry() {
    AbstractInsnNode first = method.instructions.getFirst();
    Map<String, Integer> shown =
        parameters(type -> tensor(type) || type.getDescriptor().equals("[I"));
    shown.forEach((operand, slot) -> {
      Type type = parameters[Integer.parseInt(operand.substring("arg ".length()))];
      Spot spot =
          spot(Kind.ENTRY, "at entry", operand, type, first, parameters(Type.INT_TYPE::equals));
      insertions.add(() -> {
        InsnList code = new InsnList();
        code.add(new VarInsnNode(Opcodes.ALOAD, slot));
        code.add(spot.tap(owner.name));
        method.instructions.insertBefore(first, code);
      });
    });
  }

  private void calls() {
    List<MethodInsnNode> all = all(MethodInsnNode.class);
    for (MethodInsnNode call : all) {
      Type type = Type.getReturnType(call.desc);
      AbstractInsnNode next = next(call);
      boolean seenLater =
          next != null && (isStore(next) || isPut(next) || next.getOpcode() == Opcodes.ARETURN);
      boolean computes = !call.name.equals("<init>") && !call.owner.equals(BUFFER);
      if (tensor(type) && !seenLater && computes) {
        behind(call, type, Kind.CALL, "after call " + callee(call, all), "return", false);
      }
    }
  }

  /** {@code RmsNorm.apply(float[][]) 2 of 4}, in full where the short form means several. */
  private static String callee(MethodInsnNode call, List<MethodInsnNode> all) {
    List<MethodInsnNode> alike =
        all.stream().filter(other -> callee(other, false).equals(callee(call, false))).toList();
    boolean one = alike.stream().allMatch(other -> callee(other, true).equals(callee(call, true)));
    List<MethodInsnNode> counted =
        alike.stream().filter(other -> callee(other, true).equals(callee(call, true))).toList();
    return callee(call, !one) + " " + (counted.indexOf(call) + 1) + " of " + counted.size();
  }

  private static String callee(MethodInsnNode call, boolean inFull) {
    Type type = Type.getObjectType(call.owner);
    return (inFull ? type.getClassName() : brief(type))
        + "."
        + call.name
        + Arrays.stream(Type.getArgumentTypes(call.desc))
            .map(t -> inFull ? t.getClassName() : brief(t))
            .collect(Collectors.joining(", ", "(", ")"));
  }

  private void stores() {
    for (VarInsnNode store : all(VarInsnNode.class)) {
      Frame<BasicValue> before = frame(store);
      if (store.getOpcode() != Opcodes.ASTORE || before == null) {
        continue;
      }
      Type type = before.getStack(before.getStackSize() - 1).getType();
      Optional<String> variable = variable(store);
      // A variable without a name is the compiler's own, unless none has one.
      if (tensor(type) && (variable.isPresent() || !hasVariables())) {
        String root = variable.map(v -> "local " + v).orElse("slot " + store.var);
        List<VarInsnNode> same =
            all(VarInsnNode.class).stream()
                .filter(other -> other.getOpcode() >= Opcodes.ISTORE)
                .filter(other -> other.getOpcode() <= Opcodes.ASTORE)
                .filter(other ->
                    variable.isPresent()
                        ? variable(other).equals(variable)
                        : other.var == store.var)
                .toList();
        String at = "after store " + root + " " + (same.indexOf(store) + 1) + " of " + same.size();
        behind(store, type, Kind.STORE, at, root, true);
      }
    }
  }

  private boolean hasVariables() {
    return method.localVariables != null && !method.localVariables.isEmpty();
  }

  /** The named variable a store assigns; a compiler opens its range behind the first store. */
  private Optional<String> variable(VarInsnNode store) {
    int position = positions.get(store);
    return variables().stream()
        .filter(v -> v.index == store.var)
        .filter(v -> positions.get(v.start) <= position + 1 && position < positions.get(v.end))
        .map(v -> v.name)
        .findFirst();
  }

  private List<LocalVariableNode> variables() {
    return method.localVariables == null ? List.of() : method.localVariables;
  }

  private void puts() {
    Map<String, List<FieldInsnNode>> byField = new LinkedHashMap<>();
    for (FieldInsnNode put : all(FieldInsnNode.class)) {
      if (isPut(put)) {
        String field = brief(Type.getObjectType(put.owner)) + "." + put.name;
        byField.computeIfAbsent(field, f -> new ArrayList<>()).add(put);
      }
    }
    byField.forEach((field, puts) -> {
      for (FieldInsnNode put : puts) {
        Type type = Type.getType(put.desc);
        if (tensor(type) && frame(put) != null) {
          String at = "before put " + field + " " + (puts.indexOf(put) + 1) + " of " + puts.size();
          before(
              put, spot(Kind.PUT, at, "stack", type, put, numbers(positions.get(put), frame(put))));
        }
      }
    });
  }

  private void exits() {
    Type type = Type.getReturnType(method.desc);
    boolean sampler =
        type.equals(Type.INT_TYPE) && Arrays.stream(parameters).anyMatch(this::tensor);
    if (!tensor(type) && !sampler) {
      return;
    }
    List<AbstractInsnNode> returns =
        all(AbstractInsnNode.class).stream()
            .filter(at -> at.getOpcode() >= Opcodes.IRETURN && at.getOpcode() <= Opcodes.ARETURN)
            .filter(at -> frame(at) != null)
            .toList();
    if (!returns.isEmpty()) {
      // Every return can pass the parameters; of the variables each has its own.
      Spot spot =
          spot(
              Kind.EXIT,
              "at exit",
              "return",
              type,
              returns.get(0),
              parameters(Type.INT_TYPE::equals));
      returns.forEach(at -> before(at, spot));
    }
  }

  private void before(AbstractInsnNode at, Spot spot) {
    insertions.add(() -> {
      InsnList code = new InsnList();
      code.add(new InsnNode(Opcodes.DUP));
      code.add(spot.tap(owner.name));
      method.instructions.insertBefore(at, code);
    });
  }

  private void behind(
      AbstractInsnNode at, Type type, Kind kind, String where, String value, boolean stored) {
    AbstractInsnNode next = at.getNext();
    Frame<BasicValue> after = next == null ? null : frame(next);
    if (after == null) {
      return; // nothing comes behind it
    }
    Spot spot = spot(kind, where, value, type, at, numbers(positions.get(at) + 1, after));
    insertions.add(() -> {
      InsnList code = new InsnList();
      if (stored) {
        code.add(new VarInsnNode(Opcodes.ALOAD, ((VarInsnNode) at).var));
        code.add(new TypeInsnNode(Opcodes.CHECKCAST, type.getInternalName()));
      } else {
        code.add(new InsnNode(Opcodes.DUP));
      }
      code.add(spot.tap(owner.name));
      method.instructions.insert(at, code);
    });
  }

  /** Operands that hold an int at a point, with their slots. */
  private Map<String, Integer> numbers(int position, Frame<BasicValue> frame) {
    Map<String, Integer> numbers = parameters(Type.INT_TYPE::equals);
    for (LocalVariableNode v : variables()) {
      boolean parameter = positions.get(v.start) == 0 && numbers.containsValue(v.index);
      boolean inScope =
          positions.get(v.start) <= position && position < positions.get(v.end) && !parameter;
      if (inScope && v.desc.equals("I") && frame.getLocal(v.index) == BasicValue.INT_VALUE) {
        numbers.putIfAbsent("local " + v.name, v.index);
      }
    }
    return numbers;
  }

  /** Parameters of a type, as operands, with their slots. */
  private Map<String, Integer> parameters(Predicate<Type> wanted) {
    Map<String, Integer> slots = new LinkedHashMap<>();
    int slot = instance ? 1 : 0;
    for (int i = 0; i < parameters.length; i++) {
      if (wanted.test(parameters[i])) {
        slots.put("arg " + i, slot);
      }
      slot += parameters[i].getSize();
    }
    return slots;
  }

  private Spot spot(
      Kind kind,
      String at,
      String value,
      Type type,
      AbstractInsnNode anchor,
      Map<String, Integer> numbers) {
    Map<String, Integer> objects =
        type.getDescriptor().equals("[I")
            ? parameters(t -> t.getSort() == Type.OBJECT)
            : new LinkedHashMap<>();
    Place place =
        new Place(
            numbered.applyAsInt(name + " " + at + " " + value),
            kind,
            name,
            at,
            value,
            brief(type),
            line(anchor),
            instance,
            List.copyOf(numbers.keySet()),
            List.copyOf(objects.keySet()));
    places.add(place);
    return new Spot(place, type, List.copyOf(numbers.values()), List.copyOf(objects.values()));
  }

  private <T> List<T> all(Class<T> kind) {
    List<T> found = new ArrayList<>();
    for (AbstractInsnNode at : method.instructions) {
      if (kind.isInstance(at)) {
        found.add(kind.cast(at));
      }
    }
    return found;
  }

  private Frame<BasicValue> frame(AbstractInsnNode at) {
    return frames[method.instructions.indexOf(at)];
  }

  private static AbstractInsnNode next(AbstractInsnNode at) {
    AbstractInsnNode next = at.getNext();
    while (next != null && next.getOpcode() < 0) {
      next = next.getNext();
    }
    return next;
  }

  private static boolean isStore(AbstractInsnNode at) {
    return at.getOpcode() == Opcodes.ASTORE;
  }

  private static boolean isPut(AbstractInsnNode at) {
    return at.getOpcode() == Opcodes.PUTFIELD || at.getOpcode() == Opcodes.PUTSTATIC;
  }

  private static int line(AbstractInsnNode at) {
    for (AbstractInsnNode node = at; node != null; node = node.getPrevious()) {
      if (node instanceof LineNumberNode line) {
        return line.line;
      }
    }
    return 0;
  }
}
