package gemma2.cli;

import gemma2.io.InputException;
import gemma2.io.JsonWriter;
import gemma2.model.Gemma2;
import gemma2.model.Generator;
import gemma2.model.Sampler;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** {@code gemma2 generate}. */
record GenerateCommand() implements Command {

  @Override
  public String name() {
    return "generate";
  }

  @Override
  public String summary() {
    return "continue a prompt, or answer in a chat";
  }

  @Override
  public List<Option> options() {
    List<Option> own =
        List.of(
            Option.LAYERS,
            new Option("-n", "N", "most tokens to generate; default 64"),
            new Option("--temperature", "T", "0 (default) takes the likeliest token"),
            new Option("--top-k", "K", "draw from the K likeliest only; default 0, all"),
            new Option("--top-p", "P", "draw from the likeliest that reach P only; default 1, all"),
            new Option("--seed", "S", "equal seeds draw equal texts; default: chosen and shown"),
            new Option("--ignore-eos", "", "do not stop at the end of the text"),
            new Option("--all-logits", "", "compute logits at every position of the prompt"));
    return Stream.of(Option.MODEL, Option.INPUT, own).flatMap(List::stream).toList();
  }

  @Override
  public List<String> examples() {
    return List.of(
        "gemma2 generate --model DIR --prompt \"The City of Light is\" -n 16",
        "gemma2 generate --model DIR --prompt \"A joke?\" --chat --temperature 0.8 --seed 1",
        "gemma2 generate --model DIR --prompts prompts.jsonl --json");
  }

  @Override
  public void run(Arguments arguments, Console console) {
    Prompts.check(arguments);
    Sampler.Settings sampling = sampling(arguments);
    int most = arguments.integer("-n", 64, 0);
    Session session = Session.open(arguments, console);
    List<Prompt> prompts = session.prompts(Prompts.Reply.REQUIRED);
    prompts.forEach(prompt -> checkLength(prompt, session.config().contextLength()));
    Set<Integer> stop = arguments.has("--ignore-eos") ? Set.of() : session.config().eos();
    Generator.Settings settings =
        new Generator.Settings(most, session.chunk(), stop, arguments.has("--all-logits"));
    Gemma2 model = session.load();
    List<Object> results = new ArrayList<>();
    for (Prompt prompt : prompts) {
      console.say(
          "Prompt \"%s\": %d tokens; BOS: %s."
              .formatted(prompt.id(), prompt.ids().length, prompt.bos().words));
      Transcript transcript =
          new Transcript(session.findTokenizer(), stop, live(arguments, console));
      if (prompts.size() > 1) {
        transcript.title(prompt.id());
      }
      Generator.Result result =
          new Generator(model, settings)
              .generate(prompt.ids(), new Sampler(sampling), transcript::add);
      transcript.finish();
      console.say(timing(prompt, result));
      results.add(describe(prompt, result, transcript));
    }
    if (arguments.has("--json")) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("settings", describe(session, sampling, settings));
      document.put("results", results);
      console.out().println(JsonWriter.write(document));
    } else if (sampling.temperature() > 0) {
      console.say("Seed %d.".formatted(sampling.seed()));
    }
  }

  private static Sampler.Settings sampling(Arguments arguments) {
    long seed = arguments.seed("--seed", new SplittableRandom().nextLong(1L << 32));
    return new Sampler.Settings(
        arguments.number("--temperature", 0, 0, 1000),
        arguments.integer("--top-k", 0, 0),
        arguments.number("--top-p", 1, 1e-9, 1),
        seed);
  }

  static void checkLength(Prompt prompt, int contextLength) {
    if (prompt.ids().length > contextLength) {
      throw new InputException(
          "prompt-long",
          "The prompt \"%s\" has %d tokens, but the model's context has %d. Shorten it."
              .formatted(prompt.id(), prompt.ids().length, contextLength));
    }
  }

  /** Where text goes as it comes about: nowhere when one document is printed at the end. */
  private static PrintStream live(Arguments arguments, Console console) {
    return arguments.has("--json")
        ? new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)
        : console.out();
  }

  private static String timing(Prompt prompt, Generator.Result result) {
    int passes = Math.max(0, result.steps().size() - 1);
    return String.format(
        Locale.ROOT,
        "%d prompt tokens in %.0f ms, then %d passes in %.0f ms (%.1f tokens/s); ended by %s.",
        prompt.ids().length,
        result.prefillNanos() / 1e6,
        passes,
        result.decodeNanos() / 1e6,
        passes * 1e9 / Math.max(1, result.decodeNanos()),
        result.finish().name().toLowerCase(Locale.ROOT));
  }

  private static Map<String, Object> describe(
      Session session, Sampler.Settings sampling, Generator.Settings settings) {
    Map<String, Object> described = session.settings();
    described.put("n", settings.most());
    described.put("temperature", sampling.temperature());
    described.put("top_k", sampling.topK());
    described.put("top_p", sampling.topP());
    described.put("seed", sampling.seed());
    described.put("stop_ids", settings.stop().stream().sorted().toList());
    described.put("all_logits", settings.allLogits());
    return described;
  }

  private static Map<String, Object> describe(
      Prompt prompt, Generator.Result result, Transcript transcript) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("id", prompt.id());
    described.put("bos", prompt.bos().name().toLowerCase(Locale.ROOT));
    described.put("prompt_ids", prompt.ids());
    described.put("generated_ids", result.ids());
    transcript.text().ifPresent(text -> described.put("text", text));
    described.put("finish", result.finish().name().toLowerCase(Locale.ROOT));
    described.put(
        "logprobs", result.steps().stream().mapToDouble(Generator.Step::logProbability).toArray());
    return described;
  }
}
