package dev.tapscope.cuda;

/** What preactivations are computed with. */
public enum Precision {
  /** Tensor cores choose candidates, single precision decides and gives the values. */
  EXACT,
  /** Half precision inputs with single precision sums give the values. */
  FAST
}
