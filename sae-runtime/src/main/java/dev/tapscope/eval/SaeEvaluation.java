package dev.tapscope.eval;

/**
 * All that was measured of one SAE.
 *
 * @param name what the user calls it
 * @param address where it reads and writes, {@code res.3} or {@code transcoder_in.5>mlp.5}
 * @param path where it lies
 * @param sha256 of the file with its weights
 */
public record SaeEvaluation(
    String name,
    String address,
    String path,
    String sha256,
    ReconstructionScore score,
    LanguageLoss loss,
    DecoderCosines cosines) {}
