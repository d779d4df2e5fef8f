package dev.tapscope.step;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * One array of an SAE in training, as a live view: what is written into it is what training goes on
 * with. Row-major without gaps, native byte order.
 *
 * @param name {@code W_enc [F, d_in]}, {@code W_dec [F, d_out]}, {@code b_enc [F]}, {@code b_dec
 *     [d_out]}, {@code threshold [F]} (or {@code log_threshold}), Adam's moments as {@code v.NAME}
 *     and {@code m.NAME} (the latter where beta1 is not 0), {@code steps [1]}, {@code settled [F]},
 *     {@code tokens_since_fired [F]}. Second moments of row {@code f} of {@code W_enc} and {@code
 *     W_dec} are those after step {@code settled[f]}: where Adam is lazy, later steps without a
 *     gradient are still to be made up for, by {@code beta2^(steps - settled[f])}
 * @param values all elements
 */
public record StateArray(String name, Element element, List<Long> shape, MemorySegment values) {
  /** Types of elements. */
  public enum Element {
    F32,
    F64,
    I64
  }

  public StateArray {
    shape = List.copyOf(shape);
  }
}
