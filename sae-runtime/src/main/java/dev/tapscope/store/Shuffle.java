package dev.tapscope.store;

/**
 * Permutations that a few numbers decide, on every machine and in every version of Java: SplitMix64
 * (Steele, Lea and Flood 2014) drives Fisher and Yates's exchange.
 */
public final class Shuffle {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  private long state;

  private Shuffle(long state) {
    this.state = state;
  }

  /**
   * A permutation of 0 to {@code count - 1}.
   *
   * @param seeds what it depends on besides {@code count}
   */
  public static int[] permutation(int count, long... seeds) {
    Shuffle random = new Shuffle(0);
    for (long seed : seeds) {
      random.state = random.next() ^ seed;
    }
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int j = (int) Math.unsignedMultiplyHigh(random.next(), i + 1L); // 0 to i
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  private long next() {
    state += GAMMA;
    long z = state;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
