package dev.tapscope.census;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** The values of a model: places that show the same are one. */
final class Tensors {
  /** More passes prove nothing more. */
  private static final int MOST_PASSES = 6;

  private final Passes passes;
  private final int layers;
  private final List<Tensor> layered = new ArrayList<>();
  private final List<Tensor> single = new ArrayList<>();

  private Tensors(Passes passes, int layers) {
    this.passes = passes;
    this.layers = layers;
  }

  static Tensors of(List<Seen> all, Passes passes) {
    Tensors tensors = new Tensors(passes, layers(all, passes));
    Map<String, List<Seen>> byValue = new LinkedHashMap<>();
    for (Seen seen : all) {
      if (seen.place().ids() || seen.place().number()) {
        continue;
      }
      Optional<Integer> each = passes.each(seen).filter(n -> n == 1 || n == tensors.layers);
      each.flatMap(n -> tensors.looks(seen, n))
          .filter(looks -> !empty(looks))
          .ifPresent(
              looks -> byValue.computeIfAbsent(value(looks), value -> new ArrayList<>()).add(seen));
    }
    byValue.values().forEach(tensors::add);
    return tensors;
  }

  /** An array that is looked at before it is filled. */
  private static boolean empty(Look[][] looks) {
    return Arrays.stream(looks).flatMap(Arrays::stream).allMatch(look -> look.norm() == 0);
  }

  /** What tells values apart: the numbers themselves. */
  private static String value(Look[][] looks) {
    StringBuilder value = new StringBuilder();
    for (Look[] pass : looks) {
      for (Look look : pass) {
        value
            .append(look.rows())
            .append(Arrays.toString(look.widths()))
            .append(Arrays.deepToString(look.samples()));
      }
      value.append(';');
    }
    return value.toString();
  }

  private void add(List<Seen> places) {
    List<Seen> sorted = places.stream().sorted(Comparator.comparing(this::rank)).toList();
    Seen first = sorted.get(0);
    boolean inBlocks = layers > 1 && passes.each(first).orElse(0) == layers;
    Tensor tensor =
        new Tensor(
            sorted,
            inBlocks ? layer(first, passes, layers) : Optional.empty(),
            inBlocks,
            looks(first, inBlocks ? layers : 1).orElseThrow(),
            sorted.stream().mapToLong(s -> s.fires().get(0).order()).min().orElseThrow());
    (inBlocks ? layered : single).add(tensor);
  }

  /** In a pass, where the layer can be told first, then by the kind of place, then as it comes. */
  private String rank(Seen seen) {
    boolean told = layer(seen, passes, layers).isPresent();
    return (passes.inside(seen) ? "0 " : "1 ")
        + (told ? "0 " : "1 ")
        + seen.place().kind().ordinal()
        + " %019d".formatted(seen.fires().get(0).order());
  }

  private Optional<Look[][]> looks(Seen seen, int each) {
    int count = Math.min(passes.count(), MOST_PASSES);
    Look[][] looks = new Look[count][];
    for (int pass = 0; pass < count; pass++) {
      List<Look> found =
          passes.of(seen, pass).stream().map(Fire::look).flatMap(Optional::stream).toList();
      if (found.size() != each) {
        return Optional.empty();
      }
      looks[pass] = found.toArray(Look[]::new);
    }
    return Optional.of(looks);
  }

  /** The number of layers: so many numbers, from 0, stand beside a value in every pass. */
  private static int layers(List<Seen> all, Passes passes) {
    Map<Integer, Integer> votes = new HashMap<>();
    for (Seen seen : all) {
      Optional<Integer> each = passes.each(seen).filter(n -> n > 1);
      if (each.isPresent() && layer(seen, passes, each.get()).isPresent()) {
        votes.merge(each.get(), 1, Integer::sum);
      }
    }
    return votes.entrySet().stream()
        .max(
            Map.Entry.<Integer, Integer>comparingByValue()
                .thenComparing(Map.Entry.comparingByKey()))
        .map(Map.Entry::getKey)
        .orElse(1);
  }

  /** The operand that counts the layers of a place in every pass, if one does. */
  static Optional<String> layer(Seen seen, Passes passes, int layers) {
    if (layers < 2) {
      return Optional.empty();
    }
    return IntStream.range(0, seen.operands().size())
        .filter(operand ->
            IntStream.range(0, passes.count())
                .allMatch(pass -> counts(passes.of(seen, pass), operand, layers)))
        .mapToObj(seen.operands()::get)
        .max(Comparator.comparing(operand -> operand.startsWith("this.")));
  }

  private static boolean counts(List<Fire> fires, int operand, int layers) {
    return fires.size() == layers
        && IntStream.range(0, layers).allMatch(i -> fires.get(i).numbers()[operand] == i);
  }

  int layers() {
    return layers;
  }

  /** Values of every layer, in the order in which they first appear. */
  List<Tensor> layered() {
    return layered.stream().sorted(Comparator.comparingLong(Tensor::order)).toList();
  }

  /** Values of which a pass has one, in the order in which they first appear. */
  List<Tensor> single() {
    return single.stream().sorted(Comparator.comparingLong(Tensor::order)).toList();
  }
}
