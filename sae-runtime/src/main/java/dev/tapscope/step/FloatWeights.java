package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.util.stream.Stream;

/**
 * What is trained.
 *
 * @param encoder {@code W_enc [F, d_in]}
 * @param decoder {@code W_dec [F, d_out]}
 * @param threshold in either {@link ThresholdForm}
 */
record FloatWeights(
    FloatParameter encoder,
    FloatParameter encoderBias,
    FloatParameter decoder,
    FloatParameter decoderBias,
    FloatParameter threshold) {

  static FloatWeights zeros(Arena arena, Dimensions dimensions, Method method) {
    int inputs = dimensions.inputs();
    int features = dimensions.features();
    int outputs = dimensions.outputs();
    Adam adam = method.adam();
    return new FloatWeights(
        FloatParameter.matrix(arena, adam, "W_enc", features, inputs),
        FloatParameter.vector(arena, adam, "b_enc", features),
        FloatParameter.matrix(arena, adam, "W_dec", features, outputs),
        FloatParameter.vector(arena, adam, "b_dec", outputs),
        FloatParameter.vector(arena, adam, method.thresholdForm().arrayName(), features));
  }

  Stream<StateArray> state() {
    return Stream.of(encoder, decoder, encoderBias, decoderBias, threshold)
        .flatMap(FloatParameter::state);
  }

  /** The thresholds themselves. */
  float[] thresholds(ThresholdForm form) {
    float[] thresholds = threshold.values().toArray(Lanes.FLOAT);
    if (form == ThresholdForm.LOG) {
      for (int f = 0; f < thresholds.length; f++) {
        thresholds[f] = (float) StrictMath.exp(thresholds[f]);
      }
    }
    return thresholds;
  }
}
