package dev.tapscope.step;

/** Which number is trained for a threshold. */
public enum ThresholdForm {
  /** The threshold, kept above 0. */
  DIRECT,
  /** Its logarithm: arXiv 2407.14435, appendix J. */
  LOG
}
