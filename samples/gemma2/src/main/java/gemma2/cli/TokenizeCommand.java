package gemma2.cli;

import gemma2.io.JsonWriter;
import gemma2.model.Config;
import gemma2.text.TextStream;
import gemma2.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** {@code gemma2 tokenize}. */
record TokenizeCommand() implements Command {

  @Override
  public String name() {
    return "tokenize";
  }

  @Override
  public String summary() {
    return "the tokens of a text, or the text of tokens";
  }

  @Override
  public List<Option> options() {
    Option model =
        new Option("--model", "DIR", "folder with config.json and tokenizer, or .gguf (needed)");
    return Stream.of(List.of(model), Option.INPUT).flatMap(List::stream).toList();
  }

  @Override
  public List<String> examples() {
    return List.of(
        "gemma2 tokenize --model DIR --prompt \"The City of Light is\"",
        "gemma2 tokenize --model DIR --prompt \"Hello\" --chat --json",
        "gemma2 tokenize --model DIR --ids 2,17,9");
  }

  @Override
  public void run(Arguments arguments, Console console) {
    Prompts.check(arguments);
    Path model = Path.of(arguments.require("--model"));
    Config config = Config.read(model);
    Tokenizer tokenizer = Session.tokenizer(model, config);
    List<Prompt> prompts = Prompts.read(arguments, config, () -> tokenizer, Prompts.Reply.OPENED);
    List<Object> results = new ArrayList<>();
    for (Prompt prompt : prompts) {
      console.say(
          "\"%s\": %d tokens; BOS: %s."
              .formatted(prompt.id(), prompt.ids().length, prompt.bos().words));
      if (arguments.has("--json")) {
        results.add(describe(prompt, tokenizer));
      } else {
        for (int id : prompt.ids()) {
          console.out().println("%6d  %s".formatted(id, JsonWriter.write(tokenizer.decode(id))));
        }
      }
    }
    if (arguments.has("--json")) {
      console.out().println(JsonWriter.write(Map.of("results", results)));
    }
  }

  private static Map<String, Object> describe(Prompt prompt, Tokenizer tokenizer) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("id", prompt.id());
    described.put("bos", prompt.bos().name().toLowerCase(Locale.ROOT));
    described.put("ids", prompt.ids());
    described.put("pieces", Arrays.stream(prompt.ids()).mapToObj(tokenizer::decode).toList());
    described.put("text", TextStream.decode(tokenizer, prompt.ids()));
    return described;
  }
}
