package gemma2.text;

import gemma2.io.Fields;
import gemma2.io.InputException;
import gemma2.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Gemma's chat format: every turn is {@code <start_of_turn>user\n...<end_of_turn>\n}, and the model
 * is asked to speak by {@code <start_of_turn>model\n}. The whole begins with BOS, once.
 */
public final class Chat {

  private static final String START = "<start_of_turn>";
  private static final String END = "<end_of_turn>";

  private Chat() {}

  /** One turn. */
  public record Message(String role, String content) {

    /** What the user said. */
    public static Message user(String content) {
      return new Message("user", content);
    }
  }

  /** Reads {@code [{"role": "user", "content": "..."}, ...]}. */
  public static List<Message> parse(String source, Json json) {
    if (!(json instanceof Json.Arr(List<Json> items))) {
      throw new InputException(
          "messages-malformed",
          "%s must be an array of messages, but is %s.".formatted(source, json.kind()));
    }
    List<Message> messages = new ArrayList<>();
    for (Json item : items) {
      Fields fields = Fields.of(source + ", message " + (messages.size() + 1), item);
      messages.add(new Message(fields.string("role"), fields.string("content")));
    }
    checkTurns(source, messages);
    return messages;
  }

  private static void checkTurns(String source, List<Message> messages) {
    if (messages.isEmpty()) {
      throw new InputException(
          "messages-malformed", source + " has no message. Write at least one of the user's.");
    }
    for (int i = 0; i < messages.size(); i++) {
      String role = messages.get(i).role();
      boolean fits = i % 2 == 0 ? role.equals("user") : role.matches("assistant|model");
      if (!fits) {
        throw new InputException(
            "messages-malformed",
            "%s: message %d is of role \"%s\", but must be of role \"%s\": roles take turns, the"
                    .formatted(source, i + 1, role, i % 2 == 0 ? "user" : "assistant")
                + " user first, and Gemma knows no system role.");
      }
    }
  }

  /** The ids of a chat, BOS included. */
  public static int[] encode(Tokenizer tokenizer, List<Message> messages, boolean askForReply) {
    IntStream.Builder ids = IntStream.builder();
    ids.add(tokenizer.bos());
    for (Message message : messages) {
      String role = message.role().equals("assistant") ? "model" : message.role();
      ids.add(tokenizer.require(START));
      add(ids, tokenizer.encode(role + "\n" + trim(message.content())));
      ids.add(tokenizer.require(END));
      add(ids, tokenizer.encode("\n"));
    }
    if (askForReply) {
      ids.add(tokenizer.require(START));
      add(ids, tokenizer.encode("model\n"));
    }
    return ids.build().toArray();
  }

  private static void add(IntStream.Builder ids, int[] more) {
    for (int id : more) {
      ids.add(id);
    }
  }

  /** Trims what the published template's {@code trim} does: all of Unicode's white space. */
  private static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (to > from && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
