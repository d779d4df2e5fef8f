package dev.tapscope.step;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;

/**
 * One array of an SAE in training, as a live view: what is written into it is what training goes on
 * with. Row-major without gaps, native byte order. Views are good until the next step; then they
 * are to be asked for again.
 *
 * @param name {@code W_enc [F, d_in]}, {@code W_dec [F, d_out]}, {@code b_enc [F]}, {@code b_dec
 *     [d_out]}, {@code threshold [F]} (or {@code log_threshold}), Adam's moments as {@code v.NAME}
 *     and {@code m.NAME} (the latter where beta1 is not 0), {@code steps [1]}, {@code settled [F]},
 *     {@code tokens_since_fired [F]}. Second moments of row {@code f} of {@code W_enc} and {@code
 *     W_dec} are those after step {@code settled[f]}: where Adam is lazy, later steps without a
 *     gradient are still to be made up for, by {@code beta2^(steps - settled[f])}
 * @param source of the elements, which may lie elsewhere: whoever has the view alone pays for
 *     bringing them here
 */
public record StateArray(
    String name, Element element, List<Long> shape, Supplier<MemorySegment> source) {
  /** Types of elements. */
  public enum Element {
    F32(Float.BYTES),
    F64(Double.BYTES),
    I64(Long.BYTES);

    private final int bytes;

    Element(int bytes) {
      this.bytes = bytes;
    }
  }

  public StateArray {
    shape = List.copyOf(shape);
  }

  /** An array whose elements are here. */
  StateArray(String name, Element element, List<Long> shape, MemorySegment values) {
    this(name, element, shape, () -> values);
  }

  /** All elements. */
  public MemorySegment values() {
    return source.get();
  }

  /** Number of elements. */
  public long count() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** Size of all elements. */
  public long bytes() {
    return Math.multiplyExact(count(), element.bytes);
  }
}
