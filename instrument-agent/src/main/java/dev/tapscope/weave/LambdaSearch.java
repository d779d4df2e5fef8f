package dev.tapscope.weave;

import dev.tapscope.profile.LambdaRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Finds the bodies of lambdas: the synthetic methods of a class its {@code invokedynamic}
 * instructions hand to the {@code LambdaMetafactory}. A method reference hands over a method
 * somebody wrote; it has no body of its own and is no lambda.
 */
final class LambdaSearch {
  private static final String FACTORY = "java/lang/invoke/LambdaMetafactory";

  /** Where a lambda is made, and its body. */
  record Lambda(InvokeDynamicInsnNode made, MethodNode body) {
    /** How many of the body's parameters are variables the lambda has captured. */
    int captured() {
      int operands = Type.getArgumentTypes(made.desc).length;
      return (body.access & Opcodes.ACC_STATIC) != 0 ? operands : operands - 1;
    }
  }

  private final ClassNode owner;

  LambdaSearch(ClassNode owner) {
    this.owner = owner;
  }

  /** The body of a lambda of a method, of a lambda in that, and so on; the method's own if none. */
  MethodNode find(MethodNode method, List<LambdaRef> path) {
    MethodNode body = method;
    String where = SourceNames.brief(Type.getObjectType(owner.name)) + "." + method.name;
    for (LambdaRef wanted : path) {
      body = one(body, wanted, where).body();
      where += " " + wanted;
    }
    return body;
  }

  /** The lambdas made in a body, in bytecode order. */
  List<Lambda> in(MethodNode method) {
    List<Lambda> all = new ArrayList<>();
    for (AbstractInsnNode at : method.instructions) {
      if (at instanceof InvokeDynamicInsnNode made) {
        body(made).ifPresent(body -> all.add(new Lambda(made, body)));
      }
    }
    return all;
  }

  /** The lambda a synthetic method is the body of. */
  Optional<Lambda> madeFrom(MethodNode body) {
    return owner.methods.stream()
        .flatMap(method -> in(method).stream())
        .filter(lambda -> lambda.body() == body)
        .findFirst();
  }

  private Lambda one(MethodNode method, LambdaRef wanted, String where) {
    List<Lambda> found = in(method);
    if (found.size() != wanted.of()) {
      throw new NoFit("lambda-count", miscounted(method, wanted, where, found));
    }
    Lambda lambda = found.get(wanted.nth() - 1);
    requireOwnBody(lambda, wanted, where);
    return lambda;
  }

  private String miscounted(MethodNode method, LambdaRef wanted, String where, List<Lambda> found) {
    MethodCode code = new MethodCode(owner, method, where);
    List<String> references = references(method);
    String there =
        found.isEmpty()
            ? "none"
            : found.size() + ", at " + code.places(found.stream().map(Lambda::made).toList());
    String hint =
        found.isEmpty()
            ? "Tap the method itself, or the one that makes the lambda."
            : "Look at which is meant and write: lambda "
                + Math.min(wanted.nth(), found.size())
                + " of "
                + found.size()
                + ".";
    return "Wanted "
        + wanted.nth()
        + " of "
        + wanted.of()
        + (wanted.of() == 1 ? " lambda" : " lambdas")
        + " in "
        + where
        + "; found "
        + there
        + ". "
        + (references.isEmpty()
            ? ""
            : "Method references are no lambdas; for "
                + references.stream().distinct().collect(Collectors.joining(", "))
                + " tap the method itself. ")
        + hint;
  }

  /** Compilers may give equal lambdas one body: a tap in it would fire for each of them. */
  private void requireOwnBody(Lambda wanted, LambdaRef ref, String where) {
    long made =
        owner.methods.stream()
            .flatMap(method -> in(method).stream())
            .filter(lambda -> lambda.body() == wanted.body())
            .count();
    if (made > 1) {
      throw new NoFit(
          "lambda-shared",
          "Wanted the body of "
              + ref
              + " in "
              + where
              + "; found that "
              + made
              + " equal lambdas share it, so a tap in it would fire for each of them. Compile the"
              + " class with -g, which keeps them apart, or tap what the lambda calls.");
    }
  }

  private Optional<MethodNode> body(InvokeDynamicInsnNode made) {
    return implementation(made)
        .filter(handle -> handle.getOwner().equals(owner.name))
        .flatMap(handle ->
            owner.methods.stream()
                .filter(m -> (m.access & Opcodes.ACC_SYNTHETIC) != 0)
                .filter(m -> m.name.equals(handle.getName()) && m.desc.equals(handle.getDesc()))
                .findFirst());
  }

  private List<String> references(MethodNode method) {
    List<String> all = new ArrayList<>();
    for (AbstractInsnNode at : method.instructions) {
      if (at instanceof InvokeDynamicInsnNode made && body(made).isEmpty()) {
        implementation(made)
            .map(handle ->
                SourceNames.brief(Type.getObjectType(handle.getOwner())) + "::" + handle.getName())
            .ifPresent(all::add);
      }
    }
    return all;
  }

  private static Optional<Handle> implementation(InvokeDynamicInsnNode made) {
    boolean lambda =
        made.bsm.getOwner().equals(FACTORY)
            && made.bsmArgs.length > 1
            && made.bsmArgs[1] instanceof Handle;
    return lambda ? Optional.of((Handle) made.bsmArgs[1]) : Optional.empty();
  }
}
