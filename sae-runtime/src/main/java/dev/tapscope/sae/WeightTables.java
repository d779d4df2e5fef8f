package dev.tapscope.sae;

import dev.tapscope.io.FloatTable;
import dev.tapscope.kernel.SaeWeights;
import java.util.LinkedHashMap;
import java.util.Map;

/** The five arrays of an SAE as all three formats have them: same names, same orientation. */
final class WeightTables {
  private WeightTables() {}

  /** {@code W_enc [d_in, F]}, {@code b_enc}, {@code W_dec [F, d_out]}, {@code b_dec}, threshold. */
  static Map<String, FloatTable> of(SaeWeights weights) {
    int features = weights.features();
    Map<String, FloatTable> tables = new LinkedHashMap<>();
    tables.put("W_enc", FloatTable.matrix(weights.inputs(), features, weights::encoderRow));
    tables.put("W_dec", FloatTable.matrix(features, weights.outputs(), weights::decoderRow));
    tables.put("b_enc", vector(features, weights::encoderBias));
    tables.put("b_dec", vector(weights.outputs(), weights::decoderBias));
    tables.put("threshold", vector(features, weights::threshold));
    return tables;
  }

  private interface Values {
    float at(int index);
  }

  private static FloatTable vector(int length, Values values) {
    float[] all = new float[length];
    for (int i = 0; i < length; i++) {
      all[i] = values.at(i);
    }
    return FloatTable.vector(all);
  }
}
