package dev.tapscope.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One declared tap: a value at a join point of a method, with what is needed to say which layer and
 * which positions it belongs to.
 *
 * @param name canonical site name; letters, digits, {@code _}
 * @param in the method
 * @param at where in the method
 * @param value what is tapped
 * @param layer where the layer number comes from; empty for a site outside the blocks
 * @param position where the position of the first row comes from; empty: the position of the pass
 * @param cache the object that stands for one sequence; only at {@link #TOKENS}
 * @param rows whether every computed position must pass here
 * @param aliases names other tools use for the same tensor
 * @param line 1-based line of the declaration in its file, 0 if built in code
 */
public record Site(
    String name,
    MethodRef in,
    JoinPoint at,
    Value value,
    Optional<Operand> layer,
    Optional<Operand> position,
    Optional<Operand> cache,
    Rows rows,
    List<String> aliases,
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
    aliases = List.copyOf(aliases);
  }

  /** The same site declared on another line: line numbers aside, sites are compared by value. */
  public Site atLine(int newLine) {
    return new Site(name, in, at, value, layer, position, cache, rows, aliases, newLine);
  }

  /** Whether the site lies inside the blocks: it is addressed with a layer. */
  public boolean layered() {
    return layer.isPresent();
  }

  /**
   * What the woven call passes after the value, in order: the root of each operand below, so that a
   * linker can resolve the paths in the same order. Constants are not passed.
   */
  public List<Operand> captures() {
    List<Operand> all = new ArrayList<>();
    layer.ifPresent(all::add);
    position.ifPresent(all::add);
    cache.ifPresent(all::add);
    all.addAll(value.captures());
    return all.stream().filter(o -> !(o.root() instanceof Operand.Root.Constant)).toList();
  }

  /**
   * Whether a new object can take the place of the tapped one: it is a variable, a parameter, a
   * result, or an argument of a call still to come. What a path of fields leads to, the receiver
   * and an argument behind its call can be changed in place only.
   */
  public boolean assignable() {
    if (!(value instanceof Value.Plain) || !value.tapped().path().isEmpty()) {
      return false;
    }
    Operand.Root root = value.tapped().root();
    boolean receiver = root instanceof Operand.Root.Slot slot && slot.index() == 0;
    return root instanceof Operand.Root.CallArg
        ? at instanceof JoinPoint.BeforeCall
        : !(root instanceof Operand.Root.This) && !receiver;
  }
}
