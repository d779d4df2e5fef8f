package dev.tapscope.census;

import java.util.List;
import java.util.Optional;

/**
 * A value of the model: what one place showed in every pass, or several that showed the same.
 *
 * @param places all that show it, the one to name it by first
 * @param layer operand that holds the layer at the first place, if one does
 * @param layered whether it has a value for each layer
 * @param looks by pass, then layer; one for each pass where it is not layered
 * @param order turn of its first fire
 */
record Tensor(
    List<Seen> places, Optional<String> layer, boolean layered, Look[][] looks, long order) {

  Seen first() {
    return places.get(0);
  }

  int layers() {
    return looks[0].length;
  }

  Look look(int pass, int layer) {
    return looks[pass][layer];
  }

  int width() {
    return looks[0][0].width();
  }
}
