package dev.tapscope.weave;

import dev.tapscope.profile.LambdaRef;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.TapscopeException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Handle;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.IincInsnNode;
import org.objectweb.asm.tree.IntInsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.LookupSwitchInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.MultiANewArrayInsnNode;
import org.objectweb.asm.tree.TableSwitchInsnNode;
import org.objectweb.asm.tree.TryCatchBlockNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Fingerprint of a method's body: the first 32 bits of the SHA-256 of its instructions with the
 * names they use, as eight hexadecimal digits. It says nothing of line numbers, names of variables,
 * places in the constant pool, or the numbers a compiler gives its lambdas: compiled again with or
 * without {@code -g} a method keeps its fingerprint.
 */
public final class Fingerprint {
  private final String owner;
  private final Map<AbstractInsnNode, Integer> positions = new IdentityHashMap<>();
  private final StringBuilder text = new StringBuilder();

  private Fingerprint(String owner) {
    this.owner = owner;
  }

  /**
   * Fingerprint of the body a tap lies in.
   *
   * @throws TapscopeException {@code method-missing} and the other ids of a {@link Misfit} that
   *     speak of the method, when the class has no such body
   */
  public static String of(byte[] classFile, Site site) {
    return of(classFile, site.in(), site.lambdas());
  }

  /** Fingerprint of the body of a method, or of a lambda in it. */
  public static String of(byte[] classFile, MethodRef method, List<LambdaRef> lambdas) {
    ClassNode owner = new ClassNode();
    try {
      new ClassReader(classFile).accept(owner, ClassReader.EXPAND_FRAMES);
      MethodNode found = MethodSearch.find(owner, method);
      return of(owner.name, new LambdaSearch(owner).find(found, lambdas));
    } catch (NoFit e) {
      throw TapscopeException.check(e.id(), e.getMessage());
    } catch (RuntimeException e) {
      throw TapscopeException.check("class-file", Weaver.damaged(e).getMessage());
    }
  }

  static String of(String owner, MethodNode method) {
    return new Fingerprint(owner).digest(method);
  }

  private String digest(MethodNode method) {
    int position = 0;
    for (AbstractInsnNode at : method.instructions) {
      positions.put(at, position);
      position += at.getOpcode() >= 0 ? 1 : 0;
    }
    for (AbstractInsnNode at : method.instructions) {
      if (at.getOpcode() >= 0) {
        text.append(at.getOpcode());
        operands(at);
        text.append('\n');
      }
    }
    for (TryCatchBlockNode range : method.tryCatchBlocks) {
      text.append("try");
      add(at(range.start), at(range.end), at(range.handler), String.valueOf(range.type));
      text.append('\n');
    }
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(text.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 4);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private void operands(AbstractInsnNode at) {
    if (at instanceof VarInsnNode insn) {
      add(insn.var);
    } else if (at instanceof IincInsnNode insn) {
      add(insn.var, insn.incr);
    } else if (at instanceof IntInsnNode insn) {
      add(insn.operand);
    } else if (at instanceof TypeInsnNode insn) {
      add(insn.desc);
    } else if (at instanceof FieldInsnNode insn) {
      add(insn.owner, insn.name, insn.desc);
    } else if (at instanceof MethodInsnNode insn) {
      add(insn.owner, insn.name, insn.desc);
    } else if (at instanceof InvokeDynamicInsnNode insn) {
      add(insn.name, insn.desc, insn.bsm);
      Arrays.stream(insn.bsmArgs).map(this::constant).forEach(this::add);
    } else if (at instanceof JumpInsnNode insn) {
      add(at(insn.label));
    } else if (at instanceof LdcInsnNode insn) {
      add(insn.cst.getClass().getSimpleName(), insn.cst);
    } else if (at instanceof MultiANewArrayInsnNode insn) {
      add(insn.desc, insn.dims);
    } else if (at instanceof TableSwitchInsnNode insn) {
      add(insn.min, insn.max, at(insn.dflt), insn.labels.stream().map(this::at).toList());
    } else if (at instanceof LookupSwitchInsnNode insn) {
      add(insn.keys, at(insn.dflt), insn.labels.stream().map(this::at).toList());
    }
  }

  /** The numbers in the names of lambdas shift with every lambda before them. */
  private Object constant(Object argument) {
    boolean ownLambda =
        argument instanceof Handle handle
            && handle.getOwner().equals(owner)
            && handle.getName().startsWith("lambda$");
    return ownLambda ? "lambda" + ((Handle) argument).getDesc() : argument;
  }

  private int at(LabelNode label) {
    return positions.get(label);
  }

  private void add(Object... parts) {
    for (Object part : parts) {
      text.append(' ').append(part);
    }
  }

  static NoFit changed(Site site, String found, String where) {
    return new NoFit(
        "body-changed",
        "Wanted the body of "
            + where
            + " with the fingerprint "
            + site.body().orElseThrow()
            + "; found "
            + found
            + ": the code is not the one the tap was written for. Look whether '"
            + site.at()
            + "' still means the same place and write: body "
            + found
            + ".");
  }
}
