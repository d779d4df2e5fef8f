package dev.tapscope.census;

import java.util.List;
import java.util.stream.Stream;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * A place with what its tap passes.
 *
 * @param type of the value
 * @param numbers slots of {@link Place#numbers()}
 * @param objects slots of {@link Place#objects()}
 */
record Spot(Place place, Type type, List<Integer> numbers, List<Integer> objects) {
  /** Name of the profile the bridge hears of. */
  static final String PROFILE = "census";

  private static final Handle BOOTSTRAP =
      new Handle(
          Opcodes.H_INVOKESTATIC,
          "dev/tapscope/boot/TapBridge",
          "bootstrap",
          "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;"
              + "Ljava/lang/String;Ljava/lang/String;)Ljava/lang/invoke/CallSite;",
          false);

  private static final Type OBJECT = Type.getObjectType("java/lang/Object");

  /**
   * Takes a copy of the value off the stack and shows it with {@code this}, the numbers and the
   * objects: {@code invokedynamic tap:(V, this, I..., Object...)V}, whose result is dropped.
   */
  InsnList tap(String owner) {
    InsnList code = new InsnList();
    if (place.instance()) {
      code.add(new VarInsnNode(Opcodes.ALOAD, 0));
    }
    numbers.forEach(slot -> code.add(new VarInsnNode(Opcodes.ILOAD, slot)));
    objects.forEach(slot -> code.add(new VarInsnNode(Opcodes.ALOAD, slot)));
    Stream<Type> self = place.instance() ? Stream.of(Type.getObjectType(owner)) : Stream.empty();
    Type[] passed =
        Stream.of(
                Stream.of(type),
                self,
                numbers.stream().map(n -> Type.INT_TYPE),
                objects.stream().map(o -> OBJECT))
            .flatMap(types -> types)
            .toArray(Type[]::new);
    code.add(
        new InvokeDynamicInsnNode(
            "tap",
            Type.getMethodDescriptor(type, passed),
            BOOTSTRAP,
            PROFILE,
            Integer.toString(place.id())));
    code.add(new InsnNode(Opcodes.POP));
    return code;
  }
}
