package dev.tapscope.cli;

import dev.tapscope.device.Device;
import dev.tapscope.edit.Edit;
import dev.tapscope.eval.DecoderCosines;
import dev.tapscope.eval.LanguageLoss;
import dev.tapscope.eval.Reconstruction;
import dev.tapscope.eval.SaeEvaluation;
import dev.tapscope.live.Kept;
import dev.tapscope.live.LivePass;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Runs the model for an evaluation: once as it is, whatever the number of SAEs, once with each SAE
 * spliced in, and once with zeros at each site they write. Rows are measured while the model
 * computes them, and losses come from its logits in its own JVM, so a disk holds neither.
 */
final class EvalRuns {
  private final HarvestedModel model;
  private final String profile;
  private final Path documents;
  private final Places places;
  private final Screen screen;
  private final Device device;
  private final DeviceFlag flag;
  private int done;
  private int all;
  private long rows;

  /**
   * @param device for what this process computes
   * @param flag asks for the same in the model's JVM, where SAEs are spliced in
   */
  EvalRuns(
      HarvestedModel model,
      String profile,
      Path documents,
      Device device,
      DeviceFlag flag,
      Places places,
      Screen screen) {
    this.model = model;
    this.profile = profile;
    this.documents = documents;
    this.device = device;
    this.flag = flag;
    this.places = places;
    this.screen = screen;
  }

  /** Measures SAEs, in their order. */
  List<SaeEvaluation> evaluate(Map<SaeSpec, JumpReluSae> saes) {
    Set<String> captured = new LinkedHashSet<>();
    Set<String> writes = new LinkedHashSet<>();
    Map<SaeSpec, Reconstruction> measures = new LinkedHashMap<>();
    saes.forEach((spec, sae) -> {
      captured.add(spec.inputAddress());
      captured.add(spec.outputAddress());
      writes.add(spec.outputAddress());
      measures.put(spec, new Reconstruction(sae.weights(), device.kernels(sae.weights())));
    });
    all = 1 + saes.size() + writes.size();
    Kept counted = new Kept(false, model.ends());
    TextLoss clean =
        run(
            "the model as it is",
            options().set("stream", String.join("+", captured)),
            pass -> measures.forEach((spec, measure) -> measure(pass, spec, counted, measure)));
    requireRows();
    Map<String, TextLoss> zeros = new LinkedHashMap<>();
    for (String site : writes) {
      zeros.put(site, edited("zeros at " + site, List.of(), Edit.parse("zero " + site), clean));
    }
    List<SaeEvaluation> evaluations = new ArrayList<>();
    saes.forEach((spec, sae) -> {
      Edit splice = Edit.parse("splice " + spec.name());
      TextLoss spliced = edited(spec.name() + " spliced in", List.of(spec), splice, clean);
      evaluations.add(
          new SaeEvaluation(
              spec.name(),
              spec.address(),
              spec.path().toString(),
              sae.sha256(),
              measures.get(spec).score(),
              new LanguageLoss(
                  clean.tokens(),
                  clean.mean(),
                  spliced.mean(),
                  zeros.get(spec.outputAddress()).mean()),
              DecoderCosines.of(sae.weights(), device::kernels)));
    });
    return evaluations;
  }

  private void requireRows() {
    if (rows == 0) {
      throw TapscopeException.failed(
          "stats-empty",
          "The corpus has no token besides BOS and EOS, as the model reads it. Give a corpus with"
              + " text.");
    }
  }

  private void measure(LivePass pass, SaeSpec spec, Kept counted, Reconstruction reconstruction) {
    SiteRows.read(
        pass,
        spec,
        counted,
        (x, y) -> {
          if (x.length != reconstruction.inputs() || y.length != reconstruction.outputs()) {
            throw TapscopeException.check(
                "sae-width",
                "SAE %s (%s) reads rows of %d values and writes %d, and the rows of %s have %d and %d. Evaluate it at the site and model it was trained on."
                    .formatted(
                        spec.name(),
                        spec.path(),
                        reconstruction.inputs(),
                        reconstruction.outputs(),
                        spec.address(),
                        x.length,
                        y.length));
          }
          reconstruction.add(x, y);
          rows++;
        });
  }

  private TextLoss edited(String what, List<SaeSpec> saes, Edit edit, TextLoss clean) {
    AgentOptions options = options().saes(saes).edits(List.of(edit));
    flag.passTo(options);
    TextLoss loss = run(what, options, pass -> {});
    if (loss.tokens() != clean.tokens()) {
      throw TapscopeException.failed(
          "eval-tokens",
          "The model predicted %,d tokens as it is and %,d with %s, so its losses cannot be compared. Give a command that computes the same tokens each time."
              .formatted(clean.tokens(), loss.tokens(), what));
    }
    return loss;
  }

  private AgentOptions options() {
    return new AgentOptions().set("profile", profile).set("stream.losses", "true");
  }

  /** One run over all documents. */
  private TextLoss run(String what, AgentOptions options, Consumer<LivePass> reader) {
    done++;
    screen.say("run %d of %d: %s".formatted(done, all, what));
    TextLoss loss = new TextLoss();
    try (TappedStream stream =
        TappedStream.start(
            "Run %d, %s,".formatted(done, what), model.on(documents), options, places, screen)) {
      for (Optional<LivePass> pass = stream.next(); pass.isPresent(); pass = stream.next()) {
        loss.add(pass.get());
        reader.accept(pass.get());
      }
    }
    return loss;
  }
}
