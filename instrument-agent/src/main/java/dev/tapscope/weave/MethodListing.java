package dev.tapscope.weave;

import dev.tapscope.profile.LambdaRef;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.tap.TapscopeException;
import java.util.List;

/**
 * Everything in the body of a method a tap can be placed at, each with the line of a profile that
 * names it. Nothing is loaded; the ordinals are those the {@link Weaver} counts. Lists are in
 * bytecode order.
 *
 * @param in what to write after {@code in}: {@code a.B.forward(float[], int)}, with the path of
 *     lambdas if it is the body of one
 * @param body {@link Fingerprint} of the body, what to write after {@code body}
 * @param named whether the class was compiled with names of local variables; without them a {@code
 *     local} has to be written as a {@code slot}
 * @param calls calls of methods and constructors
 * @param stores assignments of variables, {@code after store ...}
 * @param puts assignments of fields, {@code after put ...}
 * @param elements assignments of array elements, {@code after element ...}
 * @param loops begin and end of every counting loop, {@code loop ... begin}, {@code loop ... end}
 * @param lambdas the lambdas made here, {@code in ... lambda N of M}
 * @param variables parameters and variables, as operands
 */
public record MethodListing(
    String in,
    String body,
    boolean named,
    List<Call> calls,
    List<Place> stores,
    List<Place> puts,
    List<Place> elements,
    List<Place> loops,
    List<Lambda> lambdas,
    List<Variable> variables) {

  /**
   * A place of a tap.
   *
   * @param line 1-based line of the source, 0 in a class compiled without lines
   * @param where {@code line 40}, or {@code instruction 17} in a class compiled without lines
   * @param nth which of them it is, from 1
   * @param of how many there are
   * @param text a line of a profile, ready to paste: {@code after call Ops.add(float[]) 1 of 2}
   */
  public record Place(int line, String where, int nth, int of, String text) {}

  /**
   * A call.
   *
   * @param places lines that name it: first by counting all calls of the method ({@code after call
   *     ... N of M}), then one for each field its receiver or an argument was loaded from ({@code
   *     after call ... fed by ... N of M}). {@code before} and {@code around} may stand for {@code
   *     after}.
   * @param arguments types as in source, {@code float[]}
   * @param returns type as in source, {@code void}
   */
  public record Call(List<Place> places, List<String> arguments, String returns) {}

  /**
   * A lambda.
   *
   * @param place its {@code text} is the {@code in} line of a tap in its body
   * @param arguments types of the parameters of its body, captured variables first
   * @param captured how many of them are captured variables
   */
  public record Lambda(Place place, List<String> arguments, int captured) {}

  /**
   * A parameter or a variable.
   *
   * @param text an operand, ready to paste: {@code arg 0}, {@code local x}, {@code slot 4}
   * @param name of the variable; empty in a class compiled without names
   * @param slot number of the variable
   * @param type as in source
   * @param firstLine line of the source where it is in scope first, 0 if not known
   * @param lastLine line of the source where it is in scope last, 0 if not known
   */
  public record Variable(
      String text, String name, int slot, String type, int firstLine, int lastLine) {}

  public MethodListing {
    calls = List.copyOf(calls);
    stores = List.copyOf(stores);
    puts = List.copyOf(puts);
    elements = List.copyOf(elements);
    loops = List.copyOf(loops);
    lambdas = List.copyOf(lambdas);
    variables = List.copyOf(variables);
  }

  /**
   * Lists the body of a method.
   *
   * @param classFile the class that has the method
   * @throws TapscopeException with the id of the {@link Misfit} ({@code method-missing}, {@code
   *     method-ambiguous}, {@code method-body}, {@code class-file} ...) and its sentence
   */
  public static MethodListing of(byte[] classFile, MethodRef method) {
    return of(classFile, method, List.of());
  }

  /**
   * Lists the body of a lambda of a method, of a lambda in that, and so on.
   *
   * @throws TapscopeException as {@link #of(byte[], MethodRef)}, and {@code lambda-count}, {@code
   *     lambda-shared}
   */
  public static MethodListing of(byte[] classFile, MethodRef method, List<LambdaRef> lambdas) {
    return Lister.list(classFile, method, lambdas);
  }
}
