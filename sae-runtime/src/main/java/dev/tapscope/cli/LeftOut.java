package dev.tapscope.cli;

import dev.tapscope.live.Kept;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Tokens whose rows are left out, as far as the models and the flags say: BOS is named by the
 * profile, which the model's run tells.
 *
 * @param ids by what they are: {@code eos}, {@code pad}, {@code asked}
 * @param keepBos whether BOS is kept
 * @param unknown kinds that should be left out and that nothing names
 */
record LeftOut(SortedMap<String, List<Integer>> ids, boolean keepBos, List<String> unknown) {
  /**
   * @param keep kinds that are not left out: {@code bos}, {@code eos}, {@code pad}
   * @param asked ids left out besides
   */
  static LeftOut of(HarvestedModel model, List<String> keep, List<Integer> asked) {
    SortedMap<String, List<Integer>> ids = new TreeMap<>();
    List<String> unknown = new ArrayList<>();
    named(model)
        .forEach((kind, tokens) -> {
          if (!keep.contains(kind) && tokens.isEmpty()) {
            unknown.add(kind);
          } else if (!keep.contains(kind)) {
            ids.put(kind, List.copyOf(tokens));
          }
        });
    if (!asked.isEmpty()) {
      ids.put("asked", asked);
    }
    return new LeftOut(ids, keep.contains("bos"), unknown);
  }

  private static SortedMap<String, SortedSet<Integer>> named(HarvestedModel model) {
    return new TreeMap<>(Map.of("eos", model.ends(), "pad", model.padding()));
  }

  /** What is kept of the passes of a run, which state BOS themselves. */
  Kept kept() {
    return new Kept(
        keepBos, ids.values().stream().flatMap(List::stream).collect(Collectors.toSet()));
  }

  /**
   * In words.
   *
   * @param all the same with BOS where that is left out
   */
  String sentence(SortedMap<String, List<Integer>> all) {
    return "rows of these tokens are left out: %s%s"
        .formatted(
            all.isEmpty() ? "none" : all,
            unknown.isEmpty()
                ? ""
                : "; no config.json or GGUF file that the command names tells %s, --leave-out ID does"
                    .formatted(String.join(" and ", unknown)));
  }
}
