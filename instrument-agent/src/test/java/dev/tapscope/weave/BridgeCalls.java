package dev.tapscope.weave;

import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/** Makes code call the bridge {@code apply(Object)}, as some compilers and tools do. */
final class BridgeCalls {
  private BridgeCalls() {}

  /** Puts a call of the bridge before the code of a static method {@code (Owner, float[])}. */
  static byte[] add(byte[] classFile, String name) {
    ClassNode owner = new ClassNode();
    new ClassReader(classFile).accept(owner, 0);
    MethodNode method =
        owner.methods.stream().filter(m -> m.name.equals(name)).findFirst().orElseThrow();
    InsnList code = new InsnList();
    code.add(new VarInsnNode(Opcodes.ALOAD, 0));
    code.add(new VarInsnNode(Opcodes.ALOAD, 1));
    code.add(
        new MethodInsnNode(
            Opcodes.INVOKEVIRTUAL,
            owner.name,
            "apply",
            "(Ljava/lang/Object;)Ljava/lang/Object;",
            false));
    code.add(new InsnNode(Opcodes.POP));
    method.instructions.insert(code);
    ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
    owner.accept(writer);
    return writer.toByteArray();
  }
}
