package gemma2.cli;

import gemma2.io.InputException;
import gemma2.io.JsonWriter;
import gemma2.model.Scorer;
import gemma2.text.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code gemma2 score}. */
record ScoreCommand() implements Command {

  @Override
  public String name() {
    return "score";
  }

  @Override
  public String summary() {
    return "the loss of every token of a text, and their mean";
  }

  @Override
  public List<Option> options() {
    List<Option> own =
        List.of(
            Option.LAYERS,
            new Option("--window", "N", "tokens scored together; default: the whole context"),
            new Option(
                "--stride", "N", "tokens from one window to the next; default: half a window"));
    return Stream.of(Option.MODEL, Option.INPUT, own).flatMap(List::stream).toList();
  }

  @Override
  public List<String> examples() {
    return List.of(
        "gemma2 score --model DIR --prompt \"Paris is the capital of France.\"",
        "gemma2 score --model DIR --text book.txt --window 1024 --stride 512",
        "gemma2 score --model DIR --ids 2,17,9 --json");
  }

  @Override
  public void run(Arguments arguments, Console console) {
    Prompts.check(arguments);
    int askedWindow = arguments.integer("--window", Integer.MAX_VALUE, 2);
    Session session = Session.open(arguments, console);
    int context = session.config().contextLength();
    if (arguments.has("--window") && askedWindow > context) {
      throw arguments.wrong("--window", "at most the model's context of " + context);
    }
    int window = Math.min(askedWindow, context);
    int stride = arguments.integer("--stride", Math.max(1, window / 2), 1);
    if (stride >= window) {
      throw new UsageException(
          "--stride must be below the window of %d, but is %d.".formatted(window, stride));
    }
    List<Prompt> prompts = session.prompts(Prompts.Reply.NONE);
    prompts.forEach(ScoreCommand::checkTokens);
    Scorer scorer = new Scorer(session.load(), window, stride, session.chunk());
    List<Object> results = new ArrayList<>();
    for (Prompt prompt : prompts) {
      Scorer.Score score = scorer.score(prompt.ids());
      console.say(
          "\"%s\": %d tokens in %d %s; BOS: %s."
              .formatted(
                  prompt.id(),
                  prompt.ids().length,
                  score.windows(),
                  score.windows() == 1 ? "window" : "windows",
                  prompt.bos().words));
      if (arguments.has("--json")) {
        results.add(describe(prompt, score));
      } else {
        print(prompt, score, session.findTokenizer(), console);
      }
    }
    if (arguments.has("--json")) {
      Map<String, Object> settings = session.settings();
      settings.put("window", window);
      settings.put("stride", stride);
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("settings", settings);
      document.put("results", results);
      console.out().println(JsonWriter.write(document));
    }
  }

  private static void checkTokens(Prompt prompt) {
    if (prompt.ids().length < 2) {
      throw new InputException(
          "prompt-short",
          "The prompt \"%s\" has one token, and a loss needs a token before it. Give at least two."
              .formatted(prompt.id()));
    }
  }

  private static Map<String, Object> describe(Prompt prompt, Scorer.Score score) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("id", prompt.id());
    described.put("bos", prompt.bos().name().toLowerCase(Locale.ROOT));
    described.put("ids", prompt.ids());
    described.put("losses", score.losses());
    described.put("mean_loss", score.mean());
    described.put("windows", score.windows());
    return described;
  }

  private static void print(
      Prompt prompt, Scorer.Score score, Optional<Tokenizer> tokenizer, Console console) {
    console.out().println("    loss      id  token");
    for (int t = 1; t < prompt.ids().length; t++) {
      int id = prompt.ids()[t];
      String piece = tokenizer.map(found -> JsonWriter.write(found.decode(id))).orElse("");
      console
          .out()
          .println(
              String.format(Locale.ROOT, "%8.4f  %6d  %s", score.losses()[t - 1], id, piece)
                  .stripTrailing());
    }
    console
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%s: mean loss %.6f nats over %d tokens",
                prompt.id(),
                score.mean(),
                score.losses().length));
  }
}
