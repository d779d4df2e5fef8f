package dev.tapscope.cuda;

/** Blocks of a launch. */
record Grid(int x, int y, int z) {
  static Grid of(long x) {
    return new Grid(Math.toIntExact(x), 1, 1);
  }

  static Grid of(long x, long y) {
    return new Grid(Math.toIntExact(x), Math.toIntExact(y), 1);
  }

  /** As many blocks as {@code count} things need, some in each. */
  static Grid covering(long count, int inEach) {
    return of(Math.ceilDiv(count, inEach));
  }

  boolean isEmpty() {
    return x == 0 || y == 0 || z == 0;
  }
}
