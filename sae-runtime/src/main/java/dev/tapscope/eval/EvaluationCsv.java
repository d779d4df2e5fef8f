package dev.tapscope.eval;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An evaluation as comma-separated values (RFC 4180), one line an SAE. Numbers are not rounded. */
public final class EvaluationCsv {
  private static final List<String> COLUMNS =
      List.of(
          "name",
          "address",
          "path",
          "features",
          "tokens",
          "l0",
          "fvu_about_dataset_mean",
          "mean_squared_error",
          "loss_tokens",
          "loss",
          "loss_spliced",
          "loss_zero_ablated",
          "delta_loss",
          "loss_recovered",
          "dead_features",
          "features_denser_than_10_percent",
          "decoder_cosine_median",
          "decoder_cosine_max");

  private EvaluationCsv() {}

  public static String of(Evaluation evaluation) {
    return Stream.concat(
            Stream.of(line(COLUMNS.stream())),
            evaluation.saes().stream().map(sae -> line(cells(sae))))
        .collect(Collectors.joining());
  }

  private static Stream<Object> cells(SaeEvaluation sae) {
    ReconstructionScore score = sae.score();
    LanguageLoss loss = sae.loss();
    return Stream.of(
        sae.name(),
        sae.address(),
        sae.path(),
        score.densities().features(),
        score.tokens(),
        score.l0(),
        score.fvu(),
        score.squaredError(),
        loss.tokens(),
        loss.clean(),
        loss.spliced(),
        loss.zeroAblated(),
        loss.delta(),
        loss.recovered(),
        score.densities().dead(),
        score.densities().denserThan(0.1),
        sae.cosines().quantile(0.5),
        sae.cosines().quantile(1));
  }

  private static String line(Stream<?> cells) {
    return cells.map(cell -> quoted(cell.toString())).collect(Collectors.joining(",")) + "\r\n";
  }

  private static String quoted(String text) {
    return text.matches("(?s).*[\",\r\n].*") ? '"' + text.replace("\"", "\"\"") + '"' : text;
  }
}
