package dev.tapscope.step;

/**
 * The gradients of a batch's loss, before clipping.
 *
 * @param encoder {@code [F, d_in]}, of {@code W_enc}
 * @param encoderBias {@code [F]}
 * @param decoder {@code [F, d_out]}, of {@code W_dec}
 * @param projectedDecoder {@code decoder} without the part parallel to each row of {@code W_dec}
 *     where the method keeps decoder rows at unit length, else {@code decoder}
 * @param decoderBias {@code [d_out]}
 * @param thresholdReconstruction {@code [F]}, the reconstruction's part in the gradient of the
 *     threshold itself, in either {@link ThresholdForm}
 * @param thresholdSparsity {@code [F]}, the part of the sparsity term
 */
record Gradients(
    double[] encoder,
    double[] encoderBias,
    double[] decoder,
    double[] projectedDecoder,
    double[] decoderBias,
    double[] thresholdReconstruction,
    double[] thresholdSparsity) {}
