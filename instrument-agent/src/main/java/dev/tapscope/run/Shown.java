package dev.tapscope.run;

import dev.tapscope.rows.Rows;
import java.util.OptionalInt;

/**
 * What a woven call shows, asked for only while taps are on. Each method may fail with whatever the
 * model's own fields give rise to.
 */
public interface Shown {
  /** The layer; asked only of a site inside a block. */
  int layer() throws Throwable;

  /** Absolute position of the first row; empty: that of the pass. */
  OptionalInt first() throws Throwable;

  Rows rows() throws Throwable;
}
