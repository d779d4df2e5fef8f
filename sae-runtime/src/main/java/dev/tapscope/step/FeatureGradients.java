package dev.tapscope.step;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The gradients of one feature; those of the next take their place. */
final class FeatureGradients {
  private final MemorySegment encoder;
  private final MemorySegment decoder;
  private double encoderBias;
  private double thresholdReconstruction;
  private double thresholdSparsity;
  private double byDecoderLength;
  private double decoderLength;
  private double slope;
  private double bandwidth;
  private Penalty penalty = new Penalty(new Sparsity.L0(), 0);
  private boolean fired;

  /**
   * @param encoder {@code [d_in]}, filled by somebody else, as is
   * @param decoder {@code [d_out]}; both mean something only where the feature has fired
   */
  FeatureGradients(MemorySegment encoder, MemorySegment decoder) {
    this.encoder = encoder;
    this.decoder = decoder;
  }

  void begin(int feature, Forward forward) {
    encoderBias = 0;
    thresholdReconstruction = 0;
    thresholdSparsity = 0;
    byDecoderLength = 0;
    fired = false;
    decoderLength = forward.decoderLength(feature);
    bandwidth = forward.gate().bandwidth();
    slope = forward.gate().thresholds()[feature] / bandwidth;
    penalty = forward.penalty();
  }

  /**
   * Takes in a token on which the feature is active.
   *
   * @param byError the loss's gradient by {@code f}, as far as it goes through the reconstruction
   * @return all of the gradient by {@code z}
   */
  float active(float f, float byError) {
    fired = true;
    float byZ = byError;
    if (penalty.ofLengths()) {
      double byLength = penalty.byLength(f * decoderLength);
      byZ = (float) (byError + decoderLength * byLength);
      byDecoderLength += f * byLength;
    }
    encoderBias += byZ;
    return byZ;
  }

  /** Takes in a token on which the feature is in its band, by {@code f}, 0 where it is off. */
  void inBand(float f, float byError, int l0) {
    thresholdReconstruction -= slope * byError;
    thresholdSparsity -= penalty.byL0(l0) / bandwidth;
    if (penalty.ofLengths()) {
      thresholdSparsity -= slope * decoderLength * penalty.byLength(f * decoderLength);
    }
  }

  /**
   * Adds what does not come from single tokens.
   *
   * @param inputOffsets what was taken off the rows that {@code encoder} was summed over
   */
  void complete(int feature, FloatParameter decoderRows, Optional<MemorySegment> inputOffsets) {
    if (!fired) {
      return;
    }
    if (inputOffsets.isPresent()) {
      int inputs = (int) (encoder.byteSize() / Float.BYTES);
      RowKernels.add(encoder, 0, inputOffsets.get(), 0, (float) -encoderBias, inputs);
    }
    if (byDecoderLength != 0 && decoderLength != 0) {
      RowKernels.add(
          decoder,
          0,
          decoderRows.values(),
          decoderRows.at(feature),
          (float) (byDecoderLength / decoderLength),
          decoderRows.width());
    }
  }

  /** Makes the rows those of a feature that was active on no token. */
  void clear() {
    encoder.fill((byte) 0);
    decoder.fill((byte) 0);
  }

  /** Takes the part parallel to the feature's decoder row off its gradient. */
  void project(int feature, FloatParameter decoderRows) {
    MemorySegment values = decoderRows.values();
    long at = decoderRows.at(feature);
    int width = decoderRows.width();
    float squares = RowKernels.dot(values, at, values, at, width);
    if (fired && squares > 0) {
      float along = RowKernels.dot(decoder, 0, values, at, width);
      RowKernels.add(decoder, 0, values, at, -along / squares, width);
    }
  }

  /** Whether the feature was active on any token; the rows are zero where it was not. */
  boolean fired() {
    return fired;
  }

  MemorySegment encoder() {
    return encoder;
  }

  MemorySegment decoder() {
    return decoder;
  }

  double encoderBias() {
    return encoderBias;
  }

  double thresholdReconstruction() {
    return thresholdReconstruction;
  }

  double thresholdSparsity() {
    return thresholdSparsity;
  }
}
