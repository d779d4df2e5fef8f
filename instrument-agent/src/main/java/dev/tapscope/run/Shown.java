package dev.tapscope.run;

import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.tap.Address;

/**
 * What a woven call shows, asked for only while taps are on. What one fire has passed comes with
 * each question, so that nothing is made for a fire to ask. Each method may fail with whatever the
 * model's own fields give rise to.
 */
public interface Shown {
  /** The layers one pass has entered so far, for sites whose own code does not say theirs. */
  interface Layers {
    /** The highest one. */
    int latest();

    void enter(int layer);
  }

  /** What {@link #layer} says where a fire belongs to no layer and is to be passed over. */
  int NONE = -1;

  Site site();

  /** The layer; asked only of a site inside a block. */
  int layer(Object[] passed, Layers seen) throws Throwable;

  /** The address of a layer, or of a site without layers. */
  Address address(int layer);

  /**
   * Absolute position of the first row.
   *
   * @param otherwise where the site does not say: that of the pass
   */
  int first(Object[] passed, int otherwise) throws Throwable;

  /** The object that tells which pass this is; asked only of a site that names one. */
  Object cache(Object[] passed) throws Throwable;

  /** Rows of a value in the place of the tapped one. */
  Rows rows(Object tensor, Object[] passed) throws Throwable;
}
