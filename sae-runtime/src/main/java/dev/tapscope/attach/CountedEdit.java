package dev.tapscope.attach;

import dev.tapscope.edit.ResolvedEdit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.LongAdder;

/** An edit, the number of rows that were in its scope, and where rows it put there came from. */
record CountedEdit(String key, ResolvedEdit edit, LongAdder rows, Set<String> sources) {
  CountedEdit(String key, ResolvedEdit edit) {
    this(key, edit, new LongAdder(), new ConcurrentSkipListSet<>());
  }

  void count() {
    rows.increment();
  }

  /** As recorded in {@code run.json}. */
  Map<String, Object> describe() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("key", key);
    map.put("edit", edit.edit().toString());
    map.put("address", edit.address());
    map.put("scope", edit.edit().scope().toString());
    edit.value().ifPresent(v -> map.put("value", v));
    map.put("formula", edit.describe());
    if (!sources.isEmpty()) {
      map.put("sources", List.copyOf(sources));
    }
    map.put("rows", rows.sum());
    return map;
  }
}
