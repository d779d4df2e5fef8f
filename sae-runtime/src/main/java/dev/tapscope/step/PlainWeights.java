package dev.tapscope.step;

/** What a forward pass reads: {@code W_enc [F, d_in]}, {@code W_dec [F, d_out]}, and the rest. */
record PlainWeights(
    Dimensions dimensions,
    Method method,
    DoubleArray encoder,
    double[] encoderBias,
    DoubleArray decoder,
    double[] decoderBias,
    double[] threshold) {}
