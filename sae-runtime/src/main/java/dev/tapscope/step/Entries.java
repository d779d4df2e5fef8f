package dev.tapscope.step;

import java.util.Arrays;
import java.util.stream.Stream;

/**
 * What is kept of a batch's preactivations: those not below their feature's band, that is {@code z
 * - threshold > -bandwidth / 2}, by feature and in the order of tokens. As long as it must be.
 */
final class Entries {
  /** Features in a block. */
  static final int BLOCK = 8 * Tile.ROWS;

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

    /** Takes over the lists of all features. */
    void fill(Lists lists, Gate gate, int first) {
      int size = 0;
      for (int i = 0; i < BLOCK; i++) {
        starts[i] = size;
        size += lists.size(i);
      }
      starts[BLOCK] = size;
      if (size > tokens.length) {
        int capacity = size + size / 4;
        tokens = new int[capacity];
        z = new float[capacity];
      }
      active = 0;
      inBand = 0;
      for (int i = 0; i < BLOCK; i++) {
        lists.copy(i, tokens, z, starts[i]);
        for (int e = starts[i]; e < starts[i + 1]; e++) {
          active += gate.active(first + i, z[e]) ? 1 : 0;
          inBand += gate.inBand(first + i, z[e]) ? 1 : 0;
        }
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

  /** Lists of one block while they grow; no list can be longer than a batch. */
  static final class Lists {
    private final int[] sizes = new int[BLOCK];
    private final int capacity;
    private final int[] tokens;
    private final float[] z;

    Lists(int rows) {
      capacity = rows;
      tokens = new int[Math.multiplyExact(BLOCK, rows)];
      z = new float[tokens.length];
    }

    int capacity() {
      return capacity;
    }

    void clear() {
      Arrays.fill(sizes, 0);
    }

    int size(int feature) {
      return sizes[feature];
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
