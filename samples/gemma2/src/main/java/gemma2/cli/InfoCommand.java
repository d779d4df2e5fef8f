package gemma2.cli;

import gemma2.io.JsonWriter;
import gemma2.io.Tensor;
import gemma2.model.Config;
import gemma2.model.Softcap;
import gemma2.text.Tokenizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** {@code gemma2 info}. */
record InfoCommand() implements Command {

  private static final Map<String, Object> NO_TOKENIZER = Map.of("tokenizer_pieces", 0);

  @Override
  public String name() {
    return "info";
  }

  @Override
  public String summary() {
    return "the shape, tensors and sizes of a model, without running it";
  }

  @Override
  public List<Option> options() {
    return Option.MODEL;
  }

  @Override
  public List<String> examples() {
    return List.of("gemma2 info --model DIR", "gemma2 info --model FILE.gguf --json");
  }

  @Override
  public void run(Arguments arguments, Console console) {
    Session session = Session.open(arguments, console);
    Collection<Tensor> tensors = session.checkpoint().tensors();
    Map<String, Object> facts = new LinkedHashMap<>(session.settings());
    facts.putAll(describe(session.config()));
    facts.putAll(session.findTokenizer().map(InfoCommand::describe).orElse(NO_TOKENIZER));
    facts.put("format", session.checkpoint().format().name().toLowerCase(Locale.ROOT));
    facts.put("tensor_types", types(tensors));
    facts.put("parameters", tensors.stream().mapToLong(Tensor::count).sum());
    facts.put("bytes", tensors.stream().mapToLong(tensor -> tensor.data().byteSize()).sum());
    if (arguments.has("--json")) {
      facts.put("tensors", tensors.stream().map(InfoCommand::describe).toList());
      console.out().println(JsonWriter.write(facts));
    } else {
      facts.forEach((name, fact) -> console.out().println("%-24s %s".formatted(name, fact)));
      for (Tensor tensor : tensors) {
        console
            .out()
            .println(
                "%-56s %-4s %s".formatted(tensor.name(), tensor.dtype().name(), tensor.shape()));
      }
    }
  }

  /** The end of a text is one id, and not that of a turn, which ends a generation too. */
  private static Map<String, Object> describe(Tokenizer tokenizer) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("tokenizer_pieces", tokenizer.size());
    facts.put("text_end", tokenizer.eos());
    tokenizer.padding().ifPresent(id -> facts.put("padding", id));
    return facts;
  }

  /** How many tensors there are of each type. */
  private static Map<String, Integer> types(Collection<Tensor> tensors) {
    Map<String, Integer> types = new TreeMap<>();
    tensors.forEach(tensor -> types.merge(tensor.dtype().name(), 1, Integer::sum));
    return types;
  }

  private static Map<String, Object> describe(Config config) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("layers", config.layers());
    facts.put("vocab_size", config.vocabSize());
    facts.put("hidden_size", config.hiddenSize());
    facts.put("feed_forward_size", config.feedForwardSize());
    facts.put("heads", config.heads());
    facts.put("kv_heads", config.kvHeads());
    facts.put("head_dim", config.headDim());
    facts.put("context", config.contextLength());
    List<Integer> sliding = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      if (config.sliding().get(layer)) {
        sliding.add(layer);
      }
    }
    facts.put("sliding_layers", sliding);
    if (!sliding.isEmpty()) {
      facts.put("window", config.window());
    }
    facts.put("query_pre_attn_scalar", config.queryScalar());
    putCap(facts, "attention_softcap", config.attentionCap());
    putCap(facts, "logit_softcap", config.logitCap());
    facts.put("norm_eps", config.normEps());
    facts.put("rope_theta", config.ropeTheta());
    facts.put("tied_embeddings", config.tied());
    facts.put("bos", config.bos());
    facts.put("eos", config.eos().stream().sorted().toList());
    return facts;
  }

  private static void putCap(Map<String, Object> facts, String name, Softcap cap) {
    if (!cap.equals(Softcap.NONE)) {
      facts.put(name, (double) cap.cap());
    }
  }

  private static Map<String, Object> describe(Tensor tensor) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("name", tensor.name());
    described.put("dtype", tensor.dtype().name());
    described.put("shape", tensor.shape());
    described.put("bytes", tensor.data().byteSize());
    return described;
  }
}
