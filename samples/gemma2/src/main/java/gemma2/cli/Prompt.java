package gemma2.cli;

import gemma2.io.InputException;
import gemma2.text.Tokenizer;

/**
 * What a model is given.
 *
 * @param id its name in the output
 * @param ids its tokens
 * @param bos where its BOS comes from, echoed to the user
 */
record Prompt(String id, int[] ids, Bos bos) {

  /** Where the BOS at the beginning comes from. */
  enum Bos {
    ADDED("put in front"),
    NOT_ADDED("not put in front"),
    AS_GIVEN("ids are taken as given"),
    CHAT("part of the chat format");

    final String words;

    Bos(String words) {
      this.words = words;
    }
  }

  Prompt {
    if (ids.length == 0) {
      throw new InputException(
          "prompt-empty", "The prompt \"%s\" is empty. Give at least one token.".formatted(id));
    }
  }

  /** A text, which must not be empty. */
  static Prompt ofText(String id, String text, Tokenizer tokenizer, boolean bos) {
    if (text.isEmpty()) {
      throw new InputException(
          "prompt-empty",
          "The prompt \"%s\" is empty. Give a text, or --ids %d for BOS alone."
              .formatted(id, tokenizer.bos()));
    }
    int[] ids = tokenizer.encode(text);
    return bos
        ? new Prompt(id, prepend(tokenizer.bos(), ids), Bos.ADDED)
        : new Prompt(id, ids, Bos.NOT_ADDED);
  }

  static int[] prepend(int first, int[] rest) {
    int[] all = new int[rest.length + 1];
    all[0] = first;
    System.arraycopy(rest, 0, all, 1, rest.length);
    return all;
  }
}
