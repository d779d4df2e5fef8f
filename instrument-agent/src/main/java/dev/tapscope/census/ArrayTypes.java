package dev.tapscope.census;

import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.analysis.AnalyzerException;
import org.objectweb.asm.tree.analysis.BasicInterpreter;
import org.objectweb.asm.tree.analysis.BasicValue;

/**
 * Follows the types of references through a method where they can be told without loading a class:
 * where two different ones meet, nothing more is known than that it is a reference.
 */
final class ArrayTypes extends BasicInterpreter {
  private static final BasicValue NULL = new BasicValue(NULL_TYPE);

  ArrayTypes() {
    super(Opcodes.ASM9);
  }

  @Override
  public BasicValue newValue(Type type) {
    if (NULL_TYPE.equals(type)) {
      return NULL;
    }
    boolean reference =
        type != null && (type.getSort() == Type.OBJECT || type.getSort() == Type.ARRAY);
    return reference ? new BasicValue(type) : super.newValue(type);
  }

  @Override
  public BasicValue binaryOperation(AbstractInsnNode at, BasicValue left, BasicValue right)
      throws AnalyzerException {
    if (at.getOpcode() != Opcodes.AALOAD) {
      return super.binaryOperation(at, left, right);
    }
    Type array = left.getType();
    boolean known = array != null && array.getSort() == Type.ARRAY;
    return known
        ? newValue(Type.getType(array.getDescriptor().substring(1)))
        : BasicValue.REFERENCE_VALUE;
  }

  @Override
  public BasicValue merge(BasicValue a, BasicValue b) {
    if (a.equals(b)) {
      return a;
    }
    if (a.isReference() && b.isReference()) {
      return a.equals(NULL) ? b : b.equals(NULL) ? a : BasicValue.REFERENCE_VALUE;
    }
    return BasicValue.UNINITIALIZED_VALUE;
  }
}
