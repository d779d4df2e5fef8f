package dev.tapscope.weave;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.IincInsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.LookupSwitchInsnNode;
import org.objectweb.asm.tree.TableSwitchInsnNode;

/**
 * The counting loops of a method: those whose only way back counts a variable on.
 *
 * <pre>
 * T: test, leave if done          as javac writes it; the test may also stand at the end,
 *    body                         entered by a jump, as other compilers have it
 * L: iinc l                       every "continue" jumps to L
 *    goto T
 * </pre>
 *
 * <p>A loop that goes back from several places ({@code while} with {@code continue}) is none: no
 * one place stands for the end of a round.
 */
final class Loops {
  /**
   * @param count the instruction that counts on
   * @param begin where a round begins: behind the test, or at the top where there is none
   */
  record Loop(IincInsnNode count, Point begin) {
    int slot() {
      return count.var;
    }

    Point end() {
      return Point.before(count);
    }
  }

  private final MethodCode code;
  private final Map<LabelNode, List<AbstractInsnNode>> jumps = new IdentityHashMap<>();

  private Loops(MethodCode code) {
    this.code = code;
    for (AbstractInsnNode at : code.method().instructions) {
      targets(at).forEach(t -> jumps.computeIfAbsent(t, key -> new ArrayList<>()).add(at));
    }
  }

  /** In the order of their {@link Loop#count}s. */
  static List<Loop> of(MethodCode code) {
    Loops loops = new Loops(code);
    List<Loop> all = new ArrayList<>();
    loops.jumps.keySet().forEach(top -> loops.at(top, all));
    all.sort(Comparator.comparingInt(loop -> code.position(loop.count())));
    return all;
  }

  private static List<LabelNode> targets(AbstractInsnNode at) {
    if (at instanceof JumpInsnNode jump) {
      return List.of(jump.label);
    }
    List<LabelNode> all = new ArrayList<>();
    if (at instanceof TableSwitchInsnNode choice) {
      all.addAll(choice.labels);
      all.add(choice.dflt);
    } else if (at instanceof LookupSwitchInsnNode choice) {
      all.addAll(choice.labels);
      all.add(choice.dflt);
    }
    return all;
  }

  private void at(LabelNode top, List<Loop> all) {
    List<AbstractInsnNode> back =
        jumps.get(top).stream().filter(jump -> index(jump) > index(top)).toList();
    if (back.size() != 1 || !(back.get(0) instanceof JumpInsnNode jump)) {
      return;
    }
    Set<Integer> slots = new HashSet<>();
    for (IincInsnNode count : counts(top, jump)) {
      if (slots.add(count.var)) {
        all.add(new Loop(count, begin(top, jump)));
      }
    }
  }

  /** What is counted on the straight way back, the first of each variable first. */
  private List<IincInsnNode> counts(LabelNode top, JumpInsnNode back) {
    List<IincInsnNode> found = new ArrayList<>();
    for (AbstractInsnNode at = back.getPrevious(); at != top; at = at.getPrevious()) {
      boolean entered = at instanceof LabelNode label && jumps.containsKey(label);
      if (at instanceof JumpInsnNode || (entered && !entersAtTest(top, (LabelNode) at))) {
        break;
      }
      if (at instanceof IincInsnNode count) {
        found.add(0, count);
      }
    }
    return found;
  }

  /** Whether a label is the test at the end of a loop, jumped to from right before its top. */
  private boolean entersAtTest(LabelNode top, LabelNode label) {
    List<AbstractInsnNode> from = jumps.get(label);
    AbstractInsnNode before = top.getPrevious();
    while (before != null && before.getOpcode() < 0) {
      before = before.getPrevious();
    }
    return from.size() == 1 && from.get(0) == before && before.getOpcode() == Opcodes.GOTO;
  }

  private Point begin(LabelNode top, JumpInsnNode back) {
    return test(top, back).map(Point::after).orElseGet(() -> Point.after(lastNodeAtTop(top)));
  }

  /** The conditional jump out of the loop at its top, before anything is changed. */
  private Optional<AbstractInsnNode> test(LabelNode top, JumpInsnNode back) {
    for (AbstractInsnNode at = top.getNext(); at != back; at = at.getNext()) {
      if (at instanceof JumpInsnNode jump) {
        boolean leaves = jump.getOpcode() != Opcodes.GOTO && index(jump.label) > index(back);
        return leaves ? Optional.of(jump) : Optional.empty();
      }
      if (changesSomething(at) || (at instanceof LabelNode label && jumps.containsKey(label))) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static boolean changesSomething(AbstractInsnNode at) {
    int opcode = at.getOpcode();
    return (opcode >= Opcodes.ISTORE && opcode <= Opcodes.SASTORE)
        || opcode == Opcodes.IINC
        || opcode == Opcodes.PUTFIELD
        || opcode == Opcodes.PUTSTATIC
        || opcode == Opcodes.TABLESWITCH
        || opcode == Opcodes.LOOKUPSWITCH;
  }

  private static AbstractInsnNode lastNodeAtTop(LabelNode top) {
    AbstractInsnNode last = top;
    while (last.getNext() instanceof FrameNode
        || last.getNext() instanceof LineNumberNode
        || last.getNext() instanceof LabelNode) {
      last = last.getNext();
    }
    return last;
  }

  private int index(AbstractInsnNode node) {
    return code.method().instructions.indexOf(node);
  }
}
