package dev.tapscope.agent;

import dev.tapscope.ledger.Problem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether the end of weaving gave every class its own code back.
 *
 * @param restored sha256 of each class that has, by its name
 * @param changed what is wrong with each that has not
 */
record Undo(Map<String, String> restored, Map<String, String> changed) {
  Undo {
    restored = Map.copyOf(restored);
    changed = Map.copyOf(changed);
  }

  /** What went wrong. */
  Optional<Problem> problem() {
    return changed.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Problem.failed(
                "undo-failed",
                "Wanted every class to have its original bytecode back; found another in "
                    + changed
                    + ". Start this JVM again before its results are used."));
  }

  /** What is proved, in lines: a summary, then each class with the hash of its class file. */
  List<String> lines() {
    List<String> names = restored.keySet().stream().sorted().toList();
    StringBuilder all = new StringBuilder();
    List<String> lines = new ArrayList<>();
    for (String name : names) {
      all.append(restored.get(name)).append("  ").append(name).append('\n');
      lines.add("  " + restored.get(name) + "  " + name);
    }
    lines.add(
        0,
        names.size()
            + (names.size() == 1 ? " class has its" : " classes have their")
            + " original bytecode back: sha256 "
            + Hash.sha256(all.toString().getBytes(StandardCharsets.UTF_8)));
    return lines;
  }
}
