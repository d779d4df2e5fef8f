package gemma2.cli;

import gemma2.io.Fields;
import gemma2.io.InputException;
import gemma2.io.Json;
import gemma2.io.TextFile;
import gemma2.model.Config;
import gemma2.text.Chat;
import gemma2.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Reads what the input options name. */
final class Prompts {

  /** What the end of a chat is to be. */
  enum Reply {
    /** The chat as it is. */
    NONE,
    /** The model's turn opened, where the user has spoken last. */
    OPENED,
    /** The model's turn opened; a chat that ends with it is refused. */
    REQUIRED
  }

  private static final List<String> SOURCES =
      List.of("--prompt", "--text", "--ids", "--messages", "--prompts");

  private final Arguments arguments;
  private final Config config;
  private final Supplier<Tokenizer> tokenizer;
  private final Reply reply;
  private final String bos;

  private Prompts(Arguments arguments, Config config, Supplier<Tokenizer> tokenizer, Reply reply) {
    this.arguments = arguments;
    this.config = config;
    this.tokenizer = tokenizer;
    this.reply = reply;
    this.bos = arguments.choice("--bos", List.of("auto", "yes", "no"));
  }

  /** Checks the input options alone, before anything is loaded. */
  static void check(Arguments arguments) {
    List<String> given = SOURCES.stream().filter(arguments::has).toList();
    if (given.size() != 1) {
      throw new UsageException(
          "One of %s is needed, and %s given."
              .formatted(
                  String.join(", ", SOURCES),
                  given.isEmpty() ? "none is" : String.join(" and ", given) + " are"));
    }
    if (arguments.has("--chat") && !arguments.has("--prompt")) {
      throw new UsageException("--chat goes with --prompt; a whole chat is given as --messages.");
    }
    String prompt = arguments.find("--prompt").orElse("");
    String encoding = System.getProperty("sun.jnu.encoding", "");
    if (prompt.indexOf('\uFFFD') >= 0 && !encoding.equalsIgnoreCase("UTF-8")) {
      throw new UsageException(
          "--prompt holds characters that the locale's encoding, %s, cannot pass on. Set"
                  .formatted(encoding)
              + " LC_ALL=C.UTF-8, or put the text in a file and use --text.");
    }
    arguments.find("--ids").ifPresent(ids -> parseIds(arguments, ids));
    arguments.choice("--bos", List.of("auto", "yes", "no"));
  }

  /**
   * The prompts.
   *
   * @param tokenizer asked for where text must be split; ids need none
   * @param reply what the end of a chat is to be
   */
  static List<Prompt> read(
      Arguments arguments, Config config, Supplier<Tokenizer> tokenizer, Reply reply) {
    return new Prompts(arguments, config, tokenizer, reply).read();
  }

  private List<Prompt> read() {
    Optional<String> prompt = arguments.find("--prompt");
    if (prompt.isPresent()) {
      return List.of(
          arguments.has("--chat") ? chatOf(prompt.get()) : ofText("prompt", prompt.get()));
    }
    if (arguments.has("--text")) {
      Path file = Path.of(arguments.require("--text"));
      return List.of(ofText(file.toString(), TextFile.read(file)));
    }
    if (arguments.has("--ids")) {
      return List.of(ofIds("ids", parseIds(arguments, arguments.require("--ids"))));
    }
    if (arguments.has("--messages")) {
      String file = arguments.require("--messages");
      return List.of(ofMessages(file, file, Json.parse(file, TextFile.read(Path.of(file)))));
    }
    return ofLines(arguments.require("--prompts"));
  }

  private static int[] parseIds(Arguments arguments, String list) {
    try {
      return Arrays.stream(list.split(",", -1))
          .map(String::strip)
          .mapToInt(Integer::parseInt)
          .toArray();
    } catch (NumberFormatException e) {
      throw arguments.wrong("--ids", "a list of token ids such as 2,17,9");
    }
  }

  private List<Prompt> ofLines(String file) {
    List<Prompt> prompts = new ArrayList<>();
    String[] lines = TextFile.read(Path.of(file)).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      if (!lines[i].isBlank()) {
        prompts.add(ofLine("Line %d of %s".formatted(i + 1, file), lines[i].strip()));
      }
    }
    if (prompts.isEmpty()) {
      throw new InputException(
          "prompt-missing", "%s holds no prompt. Write one JSON object a line.".formatted(file));
    }
    return prompts;
  }

  private Prompt ofLine(String source, String line) {
    Fields fields = Fields.of(source, Json.parse(source, line));
    String id = fields.get("id") instanceof Json.Num(String digits) ? digits : fields.string("id");
    List<String> kinds =
        List.of("text", "ids", "messages").stream()
            .filter(kind -> fields.find(kind).isPresent())
            .toList();
    if (kinds.size() != 1) {
      throw new InputException(
          "prompt-malformed",
          "%s must have one of \"text\", \"ids\" and \"messages\", but has %s."
              .formatted(source, kinds.isEmpty() ? "none" : String.join(" and ", kinds)));
    }
    return switch (kinds.getFirst()) {
      case "text" -> ofText(id, fields.string("text"));
      case "ids" ->
          ofIds(
              id,
              fields.array("ids").stream()
                  .mapToInt(item -> fields.asInteger("ids", item, 0, config.vocabSize() - 1))
                  .toArray());
      default -> ofMessages(id, source, fields.get("messages"));
    };
  }

  private Prompt ofText(String id, String text) {
    return Prompt.ofText(id, text, tokenizer.get(), !bos.equals("no"));
  }

  private Prompt ofIds(String id, int[] ids) {
    for (int token : ids) {
      if (token < 0 || token >= config.vocabSize()) {
        throw new InputException(
            "token-unknown",
            "Token id %d of prompt \"%s\" is not in the model's vocabulary of %d."
                .formatted(token, id, config.vocabSize()));
      }
    }
    boolean add = bos.equals("yes") && (ids.length == 0 || ids[0] != config.bos());
    return add
        ? new Prompt(id, Prompt.prepend(config.bos(), ids), Prompt.Bos.ADDED)
        : new Prompt(id, ids, Prompt.Bos.AS_GIVEN);
  }

  private Prompt chatOf(String content) {
    if (content.isBlank()) {
      throw new InputException(
          "prompt-empty", "The prompt is empty. Give --prompt something to say.");
    }
    List<Chat.Message> messages = List.of(Chat.Message.user(content));
    return new Prompt(
        "chat", Chat.encode(tokenizer.get(), messages, reply != Reply.NONE), Prompt.Bos.CHAT);
  }

  private Prompt ofMessages(String id, String source, Json json) {
    List<Chat.Message> messages = Chat.parse(source, json);
    boolean asks = messages.getLast().role().equals("user");
    if (reply == Reply.REQUIRED && !asks) {
      throw new InputException(
          "chat-answered",
          "The chat %s ends with the model's own turn, so there is nothing to answer. Add what the user says next, or use 'gemma2 score'."
              .formatted(source));
    }
    boolean open = asks && reply != Reply.NONE;
    return new Prompt(id, Chat.encode(tokenizer.get(), messages, open), Prompt.Bos.CHAT);
  }
}
