package dev.tapscope.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One declared tap: a value at a join point of a method, with what is needed to say which layer and
 * which positions it belongs to. A site whose value the model holds at several places has a tap for
 * each.
 *
 * @param name canonical site name; letters, digits, {@code _}
 * @param place which of the taps of this name it is, from 1
 * @param in the method
 * @param lambdas the lambda of the method whose body is meant, and the lambda in that, and so on;
 *     empty for the body of the method itself
 * @param at where in that body
 * @param value what is tapped
 * @param layer where the layer number comes from; empty for a site outside the blocks
 * @param position where the position of the first row comes from; empty: the position of the pass
 * @param cache the object that stands for one sequence: at {@link #TOKENS} it begins one, elsewhere
 *     it tells which pass a value on a thread of the model's own belongs to
 * @param rows whether every computed position must pass here
 * @param aliases names other tools use for the same tensor
 * @param body fingerprint the body has to have, if stated
 * @param line 1-based line of the declaration in its file, 0 if built in code
 */
public record Site(
    String name,
    int place,
    MethodRef in,
    List<LambdaRef> lambdas,
    JoinPoint at,
    Value value,
    Optional<Layer> layer,
    Optional<Operand> position,
    Optional<Operand> cache,
    Rows rows,
    List<String> aliases,
    Optional<String> body,
    int line) {

  /** Name of the site every profile has: the ids of a pass ({@code int[]}). */
  public static final String TOKENS = "tokens";

  /** Name of the optional site that fires with each token id the model samples ({@code int}). */
  public static final String SAMPLED = "sampled";

  /** What the ledger expects of a site. */
  public enum Rows {
    /** Each pass shows each of its positions exactly once (and head, at an attention site). */
    EVERY,
    /** The model computes some positions only, {@code logits} of the last one, say. */
    SOME
  }

  public Site {
    lambdas = List.copyOf(lambdas);
    aliases = List.copyOf(aliases);
  }

  /** What tells this tap from all others of the profile: {@code res}, {@code res#2}. */
  public String id() {
    return place == 1 ? name : name + "#" + place;
  }

  /** The method, and the lambda in it, as a profile writes them after {@code in}. */
  public String inText() {
    return lambdas.isEmpty() ? in.toString() : in + " " + LambdaRef.path(lambdas);
  }

  /** The same site declared on another line: line numbers aside, sites are compared by value. */
  public Site atLine(int newLine) {
    return new Site(
        name, place, in, lambdas, at, value, layer, position, cache, rows, aliases, body, newLine);
  }

  /** The same tap, which now has to find a body with this fingerprint. */
  public Site withBody(String fingerprint) {
    return with(in, Optional.of(fingerprint));
  }

  /** The same tap, content with any body. */
  public Site withoutBody() {
    return with(in, Optional.empty());
  }

  /** The same tap in another method. */
  public Site movedTo(MethodRef method) {
    return with(method, body);
  }

  private Site with(MethodRef newIn, Optional<String> newBody) {
    return new Site(
        name, place, newIn, lambdas, at, value, layer, position, cache, rows, aliases, newBody,
        line);
  }

  /** Whether the site lies inside the blocks: it is addressed with a layer. */
  public boolean layered() {
    return layer.isPresent();
  }

  /**
   * What the woven call passes after the value, in order: the root of each operand below, so that a
   * linker can resolve the paths in the same order. They are layer, position, cache, and what the
   * value needs; each is followed by the indexes of its path. Constants are not passed.
   */
  public List<Operand> captures() {
    List<Operand> all = new ArrayList<>();
    layer.flatMap(Layer::operand).map(Operand::passed).ifPresent(all::addAll);
    position.map(Operand::passed).ifPresent(all::addAll);
    cache.map(Operand::passed).ifPresent(all::addAll);
    all.addAll(value.tapped().indexes());
    value.captures().forEach(operand -> all.addAll(operand.passed()));
    return List.copyOf(all);
  }

  /**
   * Whether a new object can take the place of the tapped one: it is a variable, a parameter, a
   * result, or an argument of a call still to come. What a path leads to, the receiver, an argument
   * behind its call and a variable at the method's exit can be changed in place only.
   */
  public boolean assignable() {
    if (value instanceof Value.Result) {
      return true;
    }
    if (!(value instanceof Value.Plain) || !value.tapped().path().isEmpty()) {
      return false;
    }
    Operand.Root root = value.tapped().root();
    boolean self =
        root instanceof Operand.Root.This
            || root instanceof Operand.Root.Local local && local.name().equals("this")
            || root instanceof Operand.Root.Slot slot && slot.index() == 0;
    if (at instanceof JoinPoint.Exit
        && !(root instanceof Operand.Root.Return || root instanceof Operand.Root.Stack)) {
      return false; // nobody reads a variable any more
    }
    boolean ofCall = root instanceof Operand.Root.CallArg || root instanceof Operand.Root.CallThis;
    return ofCall ? at instanceof JoinPoint.BeforeCall : !self;
  }
}
