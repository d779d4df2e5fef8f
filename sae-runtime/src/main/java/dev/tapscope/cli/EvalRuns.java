package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.eval.DecoderCosines;
import dev.tapscope.eval.LanguageLoss;
import dev.tapscope.eval.Reconstruction;
import dev.tapscope.eval.SaeEvaluation;
import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.recording.RunStream;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.tap.TapscopeException;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs the model for an evaluation: once as it is, whatever the number of SAEs, once with each SAE
 * spliced in, and once with zeros at each site they write.
 */
final class EvalRuns {
  private final SampleModel model;
  private final String profile;
  private final Path documents;
  private final Places places;
  private final Screen screen;
  private final SaeKernels kernels = Kernels.best();
  private int done;
  private int all;

  EvalRuns(SampleModel model, String profile, Path documents, Places places, Screen screen) {
    this.model = model;
    this.profile = profile;
    this.documents = documents;
    this.places = places;
    this.screen = screen;
  }

  /** Measures SAEs, in their order. */
  List<SaeEvaluation> evaluate(Map<SaeSpec, JumpReluSae> saes) {
    Set<String> reads = new LinkedHashSet<>();
    Set<String> writes = new LinkedHashSet<>();
    for (SaeSpec spec : saes.keySet()) {
      reads.add(spec.inputAddress());
      writes.add(spec.outputAddress());
    }
    all = 1 + saes.size() + writes.size();
    Map<SaeSpec, Reconstruction> reconstructions = new LinkedHashMap<>();
    ScoredTokens clean;
    try (RunPlace place = RunPlace.temporary()) {
      Set<String> captured = new LinkedHashSet<>(reads);
      captured.addAll(writes);
      AgentOptions options = options(place).set("capture", String.join("+", captured));
      clean = score("the model as it is", options);
      RunStream run = RunStream.open(place.folder());
      CountedTokens counted = CountedTokens.of(place.folder(), run, model.endTokens());
      saes.forEach((spec, sae) -> {
        screen.say("measuring " + spec.name() + " on " + counted.count() + " positions");
        reconstructions.put(spec, reconstruct(run, spec, sae, counted));
      });
    }
    Map<String, ScoredTokens> zeros = new LinkedHashMap<>();
    for (String site : writes) {
      zeros.put(site, edited("zeros at " + site, List.of(), Edit.parse("zero " + site)));
    }
    List<SaeEvaluation> evaluations = new ArrayList<>();
    saes.forEach((spec, sae) -> {
      ScoredTokens spliced =
          edited(spec.name() + " spliced in", List.of(spec), Edit.parse("splice " + spec.name()));
      ScoredTokens zero = zeros.get(spec.outputAddress());
      evaluations.add(
          new SaeEvaluation(
              spec.name(),
              spec.address(),
              spec.path().toString(),
              sae.sha256(),
              reconstructions.get(spec).score(),
              new LanguageLoss(clean.tokens(), clean.mean(), spliced.mean(), zero.mean()),
              DecoderCosines.of(sae.weights(), kernels)));
    });
    return evaluations;
  }

  private Reconstruction reconstruct(
      RunStream run, SaeSpec spec, JumpReluSae sae, CountedTokens counted) {
    Reconstruction reconstruction = new Reconstruction(sae.weights(), kernels);
    SiteRows.read(
        run,
        spec,
        counted,
        (x, y) -> {
          if (x.length != sae.inputs() || y.length != sae.outputs()) {
            throw TapscopeException.check(
                "sae-width",
                "SAE %s (%s) reads rows of %d values and writes %d, and the rows of %s have %d and %d. Evaluate it at the site and model it was trained on."
                    .formatted(
                        spec.name(),
                        spec.path(),
                        sae.inputs(),
                        sae.outputs(),
                        spec.address(),
                        x.length,
                        y.length));
          }
          reconstruction.add(x, y);
        });
    return reconstruction;
  }

  private ScoredTokens edited(String what, List<SaeSpec> saes, Edit edit) {
    try (RunPlace place = RunPlace.temporary()) {
      return score(what, options(place).saes(saes).edits(List.of(edit)));
    }
  }

  private AgentOptions options(RunPlace place) {
    return new AgentOptions().set("profile", profile).set("out", place.folder().toString());
  }

  /** One run over all documents. What the model says on the way is shown when it fails. */
  private ScoredTokens score(String what, AgentOptions options) {
    done++;
    screen.say("run %d of %d: %s".formatted(done, all, what));
    List<String> command = model.command(places, "score");
    command.addAll(List.of("--prompts", documents.toString(), "--json"));
    command.addAll(model.windowsOnce());
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    Screen quiet =
        new Screen(
            screen.out(),
            new PrintStream(said, true, StandardCharsets.UTF_8),
            screen.environment(),
            screen.interactive(),
            screen.columns());
    try {
      return ScoredTokens.of(
          new TappedProcess(places, quiet)
              .run(command, options, OutputStream.nullOutputStream())
              .output());
    } catch (TapscopeException e) {
      screen.err().print(said.toString(StandardCharsets.UTF_8));
      throw e;
    }
  }
}
