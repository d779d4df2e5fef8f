package dev.tapscope.cli;

import dev.tapscope.eval.DecoderCosines;
import dev.tapscope.eval.Densities;
import dev.tapscope.eval.Evaluation;
import dev.tapscope.eval.LanguageLoss;
import dev.tapscope.eval.ReconstructionScore;
import dev.tapscope.eval.SaeEvaluation;
import java.util.Locale;
import java.util.stream.IntStream;

/** An evaluation as tables for people. */
final class EvaluationText {
  private EvaluationText() {}

  static String of(Evaluation evaluation) {
    ReconstructionScore first = evaluation.saes().getFirst().score();
    LanguageLoss loss = evaluation.saes().getFirst().loss();
    return format(
            "%s on %s: %,d documents, %,d tokens without BOS and EOS; loss %.4f nats over %,d"
                + " predictions%s.%n%n",
            evaluation.model(),
            evaluation.corpus(),
            evaluation.documents(),
            first.tokens(),
            loss.clean(),
            loss.tokens(),
            evaluation.endAppended() ? ", EOS after every document" : "")
        + scores(evaluation)
        + format(
            "%nFVU = sum |y - xhat|^2 / sum |y - mean|^2, the mean over these tokens. Spliced at"
                + " every position but BOS.%n")
        + format("Dead: fired on none of these %,d tokens.%n%n", first.tokens())
        + densities(evaluation)
        + format("%n")
        + cosines(evaluation);
  }

  private static String scores(Evaluation evaluation) {
    Table table =
        new Table()
            .row(
                "sae",
                "site",
                "features",
                "L0",
                "FVU",
                "delta loss",
                "spliced",
                "zeros",
                "recovered",
                "dead",
                "> 10 %");
    for (SaeEvaluation sae : evaluation.saes()) {
      Densities densities = sae.score().densities();
      table.row(
          sae.name(),
          sae.address(),
          format("%,d", densities.features()),
          format("%.2f", sae.score().l0()),
          format("%.4f", sae.score().fvu()),
          format("%+.4f", sae.loss().delta()),
          format("%.4f", sae.loss().spliced()),
          format("%.4f", sae.loss().zeroAblated()),
          format("%.4f", sae.loss().recovered()),
          format("%,d", densities.dead()),
          format("%,d", densities.denserThan(0.1)));
    }
    return table.text();
  }

  /** Numbers of features by the power of ten of their density, two columns to a power. */
  private static String densities(Evaluation evaluation) {
    Table table = new Table();
    String[] head = new String[Densities.BINS + 1];
    head[0] = "features by density, from";
    IntStream.range(0, Densities.BINS)
        .forEach(bin -> head[bin + 1] = bin == 0 ? "0" : format("%.0e", Densities.lowerEdge(bin)));
    table.row(head);
    for (SaeEvaluation sae : evaluation.saes()) {
      int[] counts = sae.score().densities().histogram();
      String[] row = new String[counts.length + 1];
      row[0] = sae.name();
      IntStream.range(0, counts.length).forEach(bin -> row[bin + 1] = format("%d", counts[bin]));
      table.row(row);
    }
    return table.text();
  }

  private static String cosines(Evaluation evaluation) {
    Table table =
        new Table()
            .row(
                "cosine to the nearest other decoder row",
                "median",
                "90 %",
                "99 %",
                "max",
                "> 0.9");
    for (SaeEvaluation sae : evaluation.saes()) {
      DecoderCosines cosines = sae.cosines();
      table.row(
          sae.name(),
          format("%.3f", cosines.quantile(0.5)),
          format("%.3f", cosines.quantile(0.9)),
          format("%.3f", cosines.quantile(0.99)),
          format("%.3f", cosines.quantile(1)),
          format("%,d", cosines.above(0.9)));
    }
    return table.text();
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
