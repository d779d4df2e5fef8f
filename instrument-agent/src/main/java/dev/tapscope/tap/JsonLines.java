package dev.tapscope.tap;

import java.util.Map;

/** A text file of one JSON object a line. Thread-safe; closed with the run. */
public interface JsonLines {
  /**
   * Appends one line.
   *
   * @param object values as in {@link RunFolder#describe}; iteration order is kept
   */
  void add(Map<String, ?> object);
}
