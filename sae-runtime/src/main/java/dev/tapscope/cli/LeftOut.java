package dev.tapscope.cli;

import dev.tapscope.live.Kept;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Tokens whose rows are left out, as far as the model folders and the flags say: BOS is named by
 * the profile, which the model's run tells.
 *
 * @param ids by what they are: {@code eos}, {@code pad}, {@code asked}
 * @param keepBos whether BOS is kept
 * @param unknown kinds that should be left out and that nothing names
 */
record LeftOut(SortedMap<String, List<Integer>> ids, boolean keepBos, List<String> unknown) {
  private static final List<String> KINDS = List.of("eos", "pad");

  /**
   * @param keep kinds that are not left out: {@code bos}, {@code eos}, {@code pad}
   * @param asked ids left out besides
   */
  static LeftOut of(HarvestedModel model, List<String> keep, List<Integer> asked) {
    SortedMap<String, List<Integer>> ids = new TreeMap<>();
    for (String kind : KINDS) {
      Set<Integer> tokens = model.tokens(kind + "_token_id");
      if (!keep.contains(kind) && !tokens.isEmpty()) {
        ids.put(kind, List.copyOf(tokens));
      }
    }
    if (!asked.isEmpty()) {
      ids.put("asked", asked);
    }
    return new LeftOut(
        ids,
        keep.contains("bos"),
        KINDS.stream().filter(kind -> !keep.contains(kind) && !ids.containsKey(kind)).toList());
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
                : "; no config.json beside the command names %s, --leave-out ID does"
                    .formatted(String.join(" and ", unknown)));
  }
}
