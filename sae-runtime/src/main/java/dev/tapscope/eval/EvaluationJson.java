package dev.tapscope.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** An evaluation as one JSON document, {@code tapscope-eval/1}. Numbers are not rounded. */
public final class EvaluationJson {
  private EvaluationJson() {}

  public static String of(Evaluation evaluation) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-eval/1");
    document.put("model", evaluation.model());
    document.put("corpus", evaluation.corpus());
    document.put("documents", evaluation.documents());
    document.put("eos_appended", evaluation.endAppended());
    document.put("counted", Evaluation.COUNTED);
    document.put("saes", evaluation.saes().stream().map(EvaluationJson::sae).toList());
    return new JsonMapper().writeValueAsString(document);
  }

  private static Map<String, Object> sae(SaeEvaluation sae) {
    ReconstructionScore score = sae.score();
    LanguageLoss loss = sae.loss();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", sae.name());
    map.put("address", sae.address());
    map.put("path", sae.path());
    map.put("sha256", sae.sha256());
    map.put("features", score.densities().features());
    map.put("tokens", score.tokens());
    map.put("l0", score.l0());
    map.put("fvu_about_dataset_mean", score.fvu());
    map.put("mean_squared_error", score.squaredError());
    map.put("loss_tokens", loss.tokens());
    map.put("loss", loss.clean());
    map.put("loss_spliced", loss.spliced());
    map.put("loss_zero_ablated", loss.zeroAblated());
    map.put("delta_loss", loss.delta());
    map.put("loss_recovered", loss.recovered());
    map.put("dead_features", score.densities().dead());
    map.put("features_denser_than_10_percent", score.densities().denserThan(0.1));
    map.put("density_histogram", histogram(score.densities()));
    map.put("decoder_cosine_to_nearest", cosines(sae.cosines()));
    return map;
  }

  private static List<Map<String, Object>> histogram(Densities densities) {
    int[] counts = densities.histogram();
    List<Map<String, Object>> bins = new ArrayList<>();
    for (int bin = 0; bin < counts.length; bin++) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("from", bin == 0 ? 0 : Densities.lowerEdge(bin));
      map.put("to", Densities.lowerEdge(bin + 1));
      map.put("features", counts[bin]);
      bins.add(map);
    }
    return bins;
  }

  private static Map<String, Object> cosines(DecoderCosines cosines) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("features", cosines.count());
    map.put("median", cosines.quantile(0.5));
    map.put("p90", cosines.quantile(0.9));
    map.put("p99", cosines.quantile(0.99));
    map.put("max", cosines.quantile(1));
    map.put("above_0.9", cosines.above(0.9));
    return map;
  }
}
