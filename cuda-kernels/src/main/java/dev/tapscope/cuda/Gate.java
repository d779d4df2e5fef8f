package dev.tapscope.cuda;

/**
 * What decides, after the product, which pairs are kept.
 *
 * @param bias {@code [F]}
 * @param threshold {@code [F]}
 * @param halfBand half the bandwidth; 0 keeps the active ones alone
 * @param reluFirst 1 where preactivations below 0 become 0 before, else 0
 */
record Gate(DeviceArray bias, DeviceArray threshold, float halfBand, int reluFirst) {}
