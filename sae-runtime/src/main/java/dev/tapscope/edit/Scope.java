package dev.tapscope.edit;

import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.util.function.IntFunction;

/**
 * The positions an edit works on. The beginning-of-sequence token is left out unless the scope
 * names it: by {@code all+bos}, by its own position or by its own text.
 */
public sealed interface Scope {
  /** The scope of an edit that states none. */
  Scope DEFAULT = new All(false);

  /**
   * Whether a position of a pass is in scope.
   *
   * @param text the text of a token id
   * @throws TapscopeException {@code scope-last} when the scope is the last position of a prompt
   *     that came in several passes
   */
  boolean covers(Pass pass, int position, IntFunction<String> text);

  /** For people: {@code on every position but BOS}. */
  String words();

  /** {@code all}: every position but BOS; {@code all+bos}: every position. */
  record All(boolean bos) implements Scope {
    @Override
    public boolean covers(Pass pass, int position, IntFunction<String> text) {
      return bos || !pass.isBos(position);
    }

    @Override
    public String words() {
      return bos ? "on every position" : "on every position but BOS";
    }

    @Override
    public String toString() {
      return bos ? "all+bos" : "all";
    }
  }

  /** {@code prompt}: the positions the model was given. */
  record Prompt() implements Scope {
    @Override
    public boolean covers(Pass pass, int position, IntFunction<String> text) {
      return !pass.generated() && !pass.isBos(position);
    }

    @Override
    public String words() {
      return "on the prompt without BOS";
    }

    @Override
    public String toString() {
      return "prompt";
    }
  }

  /** {@code generated}: the positions of tokens the model had sampled itself. */
  record Generated() implements Scope {
    @Override
    public boolean covers(Pass pass, int position, IntFunction<String> text) {
      return pass.generated() && !pass.isBos(position);
    }

    @Override
    public String words() {
      return "on generated tokens";
    }

    @Override
    public String toString() {
      return "generated";
    }
  }

  /**
   * {@code last}: the last position of the prompt. Which one that is can be known in time only
   * where the prompt comes in one pass; of a prompt in several passes each has a last position, so
   * the second one is refused.
   */
  record Last() implements Scope {
    @Override
    public boolean covers(Pass pass, int position, IntFunction<String> text) {
      if (pass.generated()) {
        return false;
      }
      if (pass.start() > 0) {
        throw TapscopeException.failed(
            "scope-last",
            "An edit @last was asked for, and the prompt of sequence %d goes on at position %d in a second pass, so its last position was not known in time. Prefill the prompt in one pass, or name the position: @%d."
                .formatted(pass.sequence(), pass.start(), pass.start() + pass.rows() - 1));
      }
      return position == pass.start() + pass.rows() - 1 && !pass.isBos(position);
    }

    @Override
    public String words() {
      return "on the last position of the prompt";
    }

    @Override
    public String toString() {
      return "last";
    }
  }

  /** {@code N}: one position of every sequence, BOS too if it stands there. */
  record Position(int position) implements Scope {
    @Override
    public boolean covers(Pass pass, int at, IntFunction<String> text) {
      return at == position;
    }

    @Override
    public String words() {
      return "on position " + position;
    }

    @Override
    public String toString() {
      return Integer.toString(position);
    }
  }

  /** {@code A..B}: the positions A to B of every sequence, both included, BOS left out. */
  record Range(int first, int last) implements Scope {
    /** Number of positions. */
    public int length() {
      return last - first + 1;
    }

    @Override
    public boolean covers(Pass pass, int position, IntFunction<String> text) {
      return first <= position && position <= last && !pass.isBos(position);
    }

    @Override
    public String words() {
      return "on positions %d to %d without BOS".formatted(first, last);
    }

    @Override
    public String toString() {
      return first + ".." + last;
    }
  }

  /** {@code token:" Paris"}: the tokens whose text is exactly this. */
  record Token(String text) implements Scope {
    @Override
    public boolean covers(Pass pass, int position, IntFunction<String> textOf) {
      return textOf.apply(pass.tokenAt(position)).equals(text);
    }

    @Override
    public String words() {
      return "on tokens " + Quoted.print(text);
    }

    @Override
    public String toString() {
      return "token:" + Quoted.print(text);
    }
  }
}
