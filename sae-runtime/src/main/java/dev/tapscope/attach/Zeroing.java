package dev.tapscope.attach;

import dev.tapscope.tap.Activation;
import java.util.List;
import java.util.function.IntFunction;

/** Sets rows to zero: all {@code zero} edits of one address. */
final class Zeroing {
  private final List<CountedEdit> edits;
  private final IntFunction<String> text;

  Zeroing(List<CountedEdit> edits, IntFunction<String> text) {
    this.edits = List.copyOf(edits);
    this.text = text;
  }

  void on(Activation site) {
    for (int r = 0; r < site.rows(); r++) {
      boolean covered = false;
      for (CountedEdit edit : edits) {
        if (edit.edit().edit().scope().covers(site.pass(), site.position(r), text)) {
          edit.count();
          covered = true;
        }
      }
      if (covered) {
        site.write(r, new float[site.width(r)]);
      }
    }
  }
}
