package dev.tapscope.agent;

import dev.tapscope.tap.Pass;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/** The distinct token ids a run has computed. Thread-safe. */
final class SeenTokens {
  private final Set<Integer> ids = ConcurrentHashMap.newKeySet();

  void add(Pass pass) {
    for (int id : pass.tokens()) {
      ids.add(id);
    }
  }

  /**
   * Texts by id, in the order of the ids.
   *
   * @param decoder gives {@code #id} for an id whose text it does not know; such ids are left out
   */
  Map<String, Object> texts(IntFunction<String> decoder) {
    Map<String, Object> texts = new LinkedHashMap<>();
    for (int id : new TreeSet<>(ids)) {
      String text = decoder.apply(id);
      if (!text.equals("#" + id)) {
        texts.put(Integer.toString(id), text);
      }
    }
    return texts;
  }
}
