package dev.tapscope.attach;

import dev.tapscope.edit.ResolvedEdit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** An edit and the number of rows that were in its scope. */
record CountedEdit(String key, ResolvedEdit edit, LongAdder rows) {
  CountedEdit(String key, ResolvedEdit edit) {
    this(key, edit, new LongAdder());
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
    map.put("rows", rows.sum());
    return map;
  }
}
