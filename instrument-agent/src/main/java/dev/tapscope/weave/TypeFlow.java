package dev.tapscope.weave;

import java.util.List;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.analysis.AnalyzerException;
import org.objectweb.asm.tree.analysis.BasicInterpreter;
import org.objectweb.asm.tree.analysis.BasicValue;
import org.objectweb.asm.tree.analysis.Frame;

/**
 * Types of a method's variables and stack at any instruction, found the way the JVM's own verifier
 * finds them (JVMS 4.10.1): one straight walk over the code, taking the state the class file itself
 * declares wherever paths join. So a type is exactly what the verifier will see, and no class is
 * ever loaded to find a common superclass.
 */
final class TypeFlow {
  private final Type owner;
  private final MethodNode method;
  private final Interpreter interpreter = new Interpreter();

  /**
   * @param method read with {@code ClassReader.EXPAND_FRAMES}
   */
  TypeFlow(String owner, MethodNode method) {
    this.owner = Type.getObjectType(owner);
    this.method = method;
  }

  /** State when an instruction is reached. */
  Frame<BasicValue> before(AbstractInsnNode instruction) {
    return walk(instruction, false);
  }

  /** State when an instruction has been executed. */
  Frame<BasicValue> after(AbstractInsnNode instruction) {
    return walk(instruction, true);
  }

  private Frame<BasicValue> walk(AbstractInsnNode stop, boolean andExecute) {
    Frame<BasicValue> state = entry();
    try {
      for (AbstractInsnNode at : method.instructions) {
        if (at == stop && !andExecute) {
          return state;
        }
        if (at instanceof FrameNode declared) {
          state = state(declared);
        } else if (at.getOpcode() >= 0) {
          execute(at, state);
        }
        if (at == stop) {
          return state;
        }
      }
    } catch (AnalyzerException | RuntimeException e) {
      throw NoFit.unfollowed(method, e);
    }
    throw new IllegalArgumentException("not an instruction of " + method.name);
  }

  private void execute(AbstractInsnNode at, Frame<BasicValue> state) throws AnalyzerException {
    BasicValue object = null;
    if (at instanceof MethodInsnNode call && call.name.equals("<init>")) {
      int arguments = Type.getArgumentTypes(call.desc).length;
      object = state.getStack(state.getStackSize() - 1 - arguments);
    }
    state.execute(at, interpreter);
    if (object instanceof Unfinished made) {
      for (int i = 0; i < state.getLocals(); i++) {
        if (state.getLocal(i) == made) {
          state.setLocal(i, new BasicValue(made.getType()));
        }
      }
      for (int i = 0; i < state.getStackSize(); i++) {
        if (state.getStack(i) == made) {
          state.setStack(i, new BasicValue(made.getType()));
        }
      }
    }
  }

  private Frame<BasicValue> entry() {
    Frame<BasicValue> state = empty();
    int slot = 0;
    if ((method.access & Opcodes.ACC_STATIC) == 0) {
      state.setLocal(slot++, interpreter.newValue(owner));
    }
    for (Type parameter : Type.getArgumentTypes(method.desc)) {
      state.setLocal(slot, interpreter.newValue(parameter));
      slot += parameter.getSize();
    }
    return state;
  }

  private Frame<BasicValue> empty() {
    Frame<BasicValue> state = new Frame<>(method.maxLocals, method.maxStack);
    for (int i = 0; i < method.maxLocals; i++) {
      state.setLocal(i, BasicValue.UNINITIALIZED_VALUE);
    }
    return state;
  }

  private Frame<BasicValue> state(FrameNode declared) {
    Frame<BasicValue> state = empty();
    int slot = 0;
    for (Object type : orEmpty(declared.local)) {
      BasicValue value = value(type);
      state.setLocal(slot, value);
      slot += value.getSize();
    }
    for (Object type : orEmpty(declared.stack)) {
      state.push(value(type));
    }
    return state;
  }

  private static List<Object> orEmpty(List<Object> types) {
    return types == null ? List.of() : types;
  }

  private BasicValue value(Object type) {
    if (type instanceof String name) {
      return interpreter.newValue(Type.getObjectType(name));
    }
    // A label stands for an object not yet constructed, which no tap can take.
    if (type instanceof LabelNode
        || type.equals(Opcodes.TOP)
        || type.equals(Opcodes.UNINITIALIZED_THIS)) {
      return BasicValue.UNINITIALIZED_VALUE;
    }
    if (type.equals(Opcodes.INTEGER)) {
      return BasicValue.INT_VALUE;
    }
    if (type.equals(Opcodes.FLOAT)) {
      return BasicValue.FLOAT_VALUE;
    }
    if (type.equals(Opcodes.LONG)) {
      return BasicValue.LONG_VALUE;
    }
    return type.equals(Opcodes.DOUBLE)
        ? BasicValue.DOUBLE_VALUE
        : interpreter.newValue(BasicInterpreter.NULL_TYPE);
  }

  /** An object whose constructor has not run: nothing but that may be done with it. */
  static final class Unfinished extends BasicValue {
    Unfinished(Type type) {
      super(type);
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /** Keeps the types of references apart, where ASM's own knows only one. */
  private static final class Interpreter extends BasicInterpreter {
    Interpreter() {
      super(Opcodes.ASM9);
    }

    @Override
    public BasicValue newValue(Type type) {
      boolean reference =
          type != null && (type.getSort() == Type.OBJECT || type.getSort() == Type.ARRAY);
      return reference ? new BasicValue(type) : super.newValue(type);
    }

    @Override
    public BasicValue newOperation(AbstractInsnNode at) throws AnalyzerException {
      return at.getOpcode() == Opcodes.NEW
          ? new Unfinished(Type.getObjectType(((TypeInsnNode) at).desc))
          : super.newOperation(at);
    }

    @Override
    public BasicValue binaryOperation(AbstractInsnNode at, BasicValue left, BasicValue right)
        throws AnalyzerException {
      if (at.getOpcode() != Opcodes.AALOAD) {
        return super.binaryOperation(at, left, right);
      }
      Type array = left.getType();
      return newValue(
          array.getSort() == Type.ARRAY
              ? Type.getType(array.getDescriptor().substring(1))
              : NULL_TYPE);
    }
  }
}
