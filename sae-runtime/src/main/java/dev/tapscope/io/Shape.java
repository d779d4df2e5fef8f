package dev.tapscope.io;

import java.util.Arrays;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** The sizes of an array along its axes, outermost first; a scalar has none. */
public final class Shape {
  private final long[] sizes;

  private Shape(long[] sizes) {
    this.sizes = sizes;
  }

  /**
   * @throws IllegalArgumentException for a negative size
   */
  public static Shape of(long... sizes) {
    for (long size : sizes) {
      if (size < 0) {
        throw new IllegalArgumentException("negative size " + size);
      }
    }
    return new Shape(sizes.clone());
  }

  public int rank() {
    return sizes.length;
  }

  public long size(int axis) {
    return sizes[axis];
  }

  /** Bytes of an array of this shape, or empty when a {@code long} cannot hold them. */
  OptionalLong bytes(Dtype dtype) {
    long product = dtype.bytes();
    boolean empty = Arrays.stream(sizes).anyMatch(size -> size == 0);
    if (empty) {
      return OptionalLong.of(0);
    }
    for (long size : sizes) {
      if (product > Long.MAX_VALUE / size) {
        return OptionalLong.empty();
      }
      product *= size;
    }
    return OptionalLong.of(product);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape that && Arrays.equals(sizes, that.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  /** {@code [2304, 16384]}. */
  @Override
  public String toString() {
    return Arrays.stream(sizes)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
