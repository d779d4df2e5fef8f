package dev.tapscope.step;

import java.util.Arrays;
import java.util.stream.Stream;

/**
 * What is kept of a batch's preactivations: those not below their feature's band, that is {@code z
 * - threshold > -bandwidth / 2}, by feature and in the order of tokens. As long as it must be.
 */
final class Entries {
  /** Features in a block. */
  static final int BLOCK = 11 * Tile.ROWS;

  private final Block[] blocks;

  Entries(int features) {
    blocks = Stream.generate(Block::new).limit(Math.ceilDiv(features, BLOCK)).toArray(Block[]::new);
  }

  int blocks() {
    return blocks.length;
  }

  Block block(int number) {
    return blocks[number];
  }

  void clear() {
    Arrays.stream(blocks).forEach(Block::clear);
  }

  long active() {
    return Arrays.stream(blocks).mapToLong(Block::active).sum();
  }

  long inBand() {
    return Arrays.stream(blocks).mapToLong(Block::inBand).sum();
  }

  /** The entries of {@link #BLOCK} neighbouring features. */
  static final class Block {
    private final int[] starts = new int[BLOCK + 1];
    private int[] tokens = {};
    private float[] z = {};
    private long active;
    private long inBand;

    private void clear() {
      Arrays.fill(starts, 0);
      active = 0;
      inBand = 0;
    }

    /**
     * Takes over the lists of all features, behind what it has of tokens before them.
     *
     * @param done share of the batch that it has then; makes room for the rest of it, too
     */
    void append(Lists lists, Gate gate, int first, double done) {
      int to = starts[BLOCK] + lists.size();
      if (to > tokens.length) {
        int capacity = (int) Math.min(Integer.MAX_VALUE - 8L, 1.25 * to / done);
        tokens = Arrays.copyOf(tokens, capacity);
        z = Arrays.copyOf(z, capacity);
      }
      // From the back, so that nothing is overwritten before it has moved.
      for (int i = BLOCK - 1; i >= 0; i--) {
        int had = starts[i + 1] - starts[i];
        starts[i + 1] = to;
        to -= lists.size(i);
        lists.copy(i, tokens, z, to);
        count(first + i, to, starts[i + 1], gate);
        to -= had;
        System.arraycopy(tokens, starts[i], tokens, to, had);
        System.arraycopy(z, starts[i], z, to, had);
      }
    }

    private void count(int feature, int from, int to, Gate gate) {
      for (int e = from; e < to; e++) {
        active += gate.active(feature, z[e]) ? 1 : 0;
        inBand += gate.inBand(feature, z[e]) ? 1 : 0;
      }
    }

    int start(int feature) {
      return starts[feature];
    }

    int end(int feature) {
      return starts[feature + 1];
    }

    int token(int entry) {
      return tokens[entry];
    }

    float z(int entry) {
      return z[entry];
    }

    private long active() {
      return active;
    }

    private long inBand() {
      return inBand;
    }
  }

  /** Lists of one block for some tokens, while they grow. */
  static final class Lists {
    private final int[] sizes = new int[BLOCK];
    private final int capacity;
    private final int[] tokens;
    private final float[] z;

    Lists(int capacity) {
      this.capacity = capacity;
      tokens = new int[BLOCK * capacity];
      z = new float[tokens.length];
    }

    void clear() {
      Arrays.fill(sizes, 0);
    }

    private int size(int feature) {
      return sizes[feature];
    }

    private int size() {
      return Arrays.stream(sizes).sum();
    }

    void add(int feature, int token, float value) {
      int at = feature * capacity + sizes[feature]++;
      tokens[at] = token;
      z[at] = value;
    }

    private void copy(int feature, int[] toTokens, float[] toZ, int at) {
      System.arraycopy(tokens, feature * capacity, toTokens, at, sizes[feature]);
      System.arraycopy(z, feature * capacity, toZ, at, sizes[feature]);
    }
  }
}
