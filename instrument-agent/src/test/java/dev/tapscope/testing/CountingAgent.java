package dev.tapscope.testing;

import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import java.util.concurrent.atomic.AtomicInteger;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * A second agent that rewrites the same class, as coverage tools do: it counts how often the
 * methods of a block of {@link targets.BusyModel} are entered.
 */
public final class CountingAgent implements ClassFileTransformer {
  private static final String BLOCK = "targets/BusyModel$Block";
  private static final AtomicInteger ENTERED = new AtomicInteger();
  private static final AtomicInteger TRANSFORMED = new AtomicInteger();
  private static volatile Instrumentation instrumentation;

  public static void premain(String options, Instrumentation given) {
    instrumentation = given;
    given.addTransformer(new CountingAgent(), true);
  }

  /** Called by the methods it has rewritten. */
  public static void enter() {
    ENTERED.incrementAndGet();
  }

  public static int entered() {
    return ENTERED.get();
  }

  /** How often the class was offered to it. */
  public static int transformed() {
    return TRANSFORMED.get();
  }

  /** Has the class rewritten once more, by all agents. */
  public static void again() {
    try {
      instrumentation.retransformClasses(Class.forName(BLOCK.replace('/', '.')));
    } catch (ReflectiveOperationException | java.lang.instrument.UnmodifiableClassException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public byte[] transform(
      Module module,
      ClassLoader loader,
      String name,
      Class<?> redefined,
      ProtectionDomain domain,
      byte[] classFile) {
    if (!BLOCK.equals(name)) {
      return null;
    }
    TRANSFORMED.incrementAndGet();
    ClassReader reader = new ClassReader(classFile);
    ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
    reader.accept(new Counting(writer), 0);
    return writer.toByteArray();
  }

  private static final class Counting extends ClassVisitor {
    Counting(ClassVisitor next) {
      super(Opcodes.ASM9, next);
    }

    @Override
    public MethodVisitor visitMethod(
        int access, String name, String descriptor, String signature, String[] exceptions) {
      MethodVisitor next = super.visitMethod(access, name, descriptor, signature, exceptions);
      return new MethodVisitor(Opcodes.ASM9, next) {
        @Override
        public void visitCode() {
          super.visitCode();
          String owner = CountingAgent.class.getName().replace('.', '/');
          super.visitMethodInsn(Opcodes.INVOKESTATIC, owner, "enter", "()V", false);
        }
      };
    }
  }
}
