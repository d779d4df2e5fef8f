package dev.tapscope.census;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Finds the sites among the values, by the identities that define them: {@code resid_mid =
 * resid_pre + attn_out}, {@code res = resid_mid + mlp}, the norms, the probabilities. A value gets
 * one name, and a name one value: the first in the order of the computation.
 */
final class Sites {
  /** A value and the identity it was known by. */
  record Known(Tensor tensor, String why) {}

  private final List<Tensor> layered;
  private final List<Tensor> single;
  private final Map<String, Known> known = new LinkedHashMap<>();

  private Sites(Tensors tensors, Passes passes) {
    // A cache shows the positions of earlier passes too, and is not a value of this one.
    this.layered = tensors.layered().stream().filter(tensor -> ofItsPass(tensor, passes)).toList();
    this.single = tensors.single();
  }

  /** Sites by name, in the order found. */
  static Map<String, Known> find(Tensors tensors, Passes passes) {
    Sites sites = new Sites(tensors, passes);
    sites.residual();
    sites.norms();
    sites.attention();
    sites.feedForward();
    sites.ends(passes);
    return sites.known;
  }

  private static boolean ofItsPass(Tensor tensor, Passes passes) {
    return IntStream.range(0, tensor.looks().length)
        .allMatch(pass ->
            Arrays.stream(tensor.looks()[pass])
                .allMatch(look -> look.positions() == passes.length(pass)));
  }

  private boolean free(Tensor tensor) {
    return known.values().stream().noneMatch(k -> k.tensor() == tensor);
  }

  private void name(String site, Tensor tensor, String why) {
    if (free(tensor)) {
      known.putIfAbsent(site, new Known(tensor, why));
    }
  }

  private Optional<Tensor> at(String site) {
    return Optional.ofNullable(known.get(site)).map(Known::tensor);
  }

  private void residual() {
    for (Tensor input : layered) {
      for (Tensor output : layered) {
        if (known.isEmpty() && Relations.chain(input, output)) {
          name("resid_pre", input, "is res of the layer before, bit for bit");
          name("res", output, "is resid_pre of the next layer, bit for bit");
          halves(input, output);
        }
      }
    }
  }

  /** The two additions of a block, one after the other. */
  private void halves(Tensor input, Tensor output) {
    for (Tensor middle : layered) {
      for (Tensor first : layered) {
        boolean begins =
            middle != input
                && middle != output
                && first != input
                && first != middle
                && Relations.sum(middle, input, first);
        if (!begins) {
          continue;
        }
        for (Tensor second : layered) {
          if (second != middle && second != output && Relations.sum(output, middle, second)) {
            name("attn_out", first, "resid_mid = resid_pre + attn_out");
            name("resid_mid", middle, "resid_mid = resid_pre + attn_out");
            name("mlp", second, "res = resid_mid + mlp");
            return;
          }
        }
      }
    }
  }

  private void norms() {
    at("resid_pre").ifPresent(x -> normOf(x, "attn_in", "resid_pre"));
    at("resid_mid").ifPresent(x -> normOf(x, "mlp_in", "resid_mid"));
    at("attn_out").ifPresent(x -> normedTo(x, "attn_raw", "attn_out"));
    at("mlp").ifPresent(x -> normedTo(x, "mlp_raw", "mlp"));
  }

  private void normOf(Tensor x, String site, String source) {
    layered.stream()
        .filter(this::free)
        .filter(normed -> normed.order() > x.order() && Relations.norm(x, normed))
        .findFirst()
        .ifPresent(normed -> name(site, normed, "is " + source + " / rms, times one gain"));
  }

  private void normedTo(Tensor normed, String site, String result) {
    layered.stream()
        .filter(this::free)
        .filter(x -> x.order() < normed.order() && Relations.norm(x, normed))
        .findFirst()
        .ifPresent(x -> name(site, x, result + " is this / rms, times one gain"));
  }

  private void attention() {
    layered.stream()
        .filter(this::free)
        .filter(Relations::probabilities)
        .findFirst()
        .ifPresent(t -> name("pattern", t, "rows of probabilities that sum to 1"));
    at("pattern").ifPresent(pattern -> scores(pattern));
    at("attn_scores")
        .flatMap(scores ->
            layered.stream()
                .filter(this::free)
                .filter(raw -> Relations.softcap(scores, raw))
                .findFirst())
        .ifPresent(t -> name("attn_logits", t, "attn_scores = c * tanh(attn_logits / c)"));
    at("pattern").ifPresent(this::values);
    at("attn_logits").or(() -> at("attn_scores")).ifPresent(this::queries);
  }

  private void scores(Tensor pattern) {
    layered.stream()
        .filter(this::free)
        .filter(scores -> scores.order() < pattern.order() && Relations.softmax(pattern, scores))
        .findFirst()
        .ifPresent(t -> name("attn_scores", t, "pattern = softmax(attn_scores)"));
  }

  private void values(Tensor pattern) {
    for (Tensor mixed : layered) {
      for (Tensor values : layered) {
        boolean fits =
            mixed != values
                && free(mixed)
                && free(values)
                && mixed.order() > pattern.order()
                && values.order() < mixed.order()
                && Relations.attends(mixed, values);
        if (fits) {
          name("v", values, "at position 0, where there is one key, att is v");
          name("att", mixed, "at position 0, where there is one key, att is v");
          return;
        }
      }
    }
  }

  /** Positions turn queries and keys, but not those of position 0: the last pair is the turned. */
  private void queries(Tensor scores) {
    Optional<Tensor> lastQueries = Optional.empty();
    Optional<Tensor> lastKeys = Optional.empty();
    for (Tensor queries : layered) {
      for (Tensor keys : layered) {
        boolean fits =
            queries != keys
                && free(queries)
                && free(keys)
                && queries.order() < scores.order()
                && keys.order() < scores.order()
                && queries.order() < keys.order()
                && Relations.compares(scores, queries, keys);
        if (fits) {
          lastQueries = Optional.of(queries);
          lastKeys = Optional.of(keys);
        }
      }
    }
    String why = "at position 0 the scores are scale * q . k, head by head";
    lastQueries.ifPresent(q -> name("q", q, why));
    lastKeys.ifPresent(k -> name("k", k, why));
  }

  private void feedForward() {
    List<Tensor> rest = new ArrayList<>(layered.stream().filter(this::free).toList());
    for (Tensor product : rest) {
      for (Tensor gate : rest) {
        for (Tensor up : rest) {
          boolean fits =
              product != gate
                  && product != up
                  && gate != up
                  && product.order() > Math.max(gate.order(), up.order())
                  && Relations.product(product, gate, up);
          if (fits) {
            name("mlp_gate", gate, "mlp_act = gelu or silu (mlp_gate) * mlp_up");
            name("mlp_up", up, "mlp_act = gelu or silu (mlp_gate) * mlp_up");
            name("mlp_act", product, "mlp_act = gelu or silu (mlp_gate) * mlp_up");
            return;
          }
        }
      }
    }
  }

  /** What stands before the first block and behind the last. */
  private void ends(Passes passes) {
    at("resid_pre")
        .flatMap(x -> single.stream().filter(t -> sameEverywhere(t, x, 0)).findFirst())
        .ifPresent(t -> name("embed", t, "is resid_pre of layer 0, bit for bit"));
    at("res")
        .flatMap(x ->
            single.stream()
                .filter(this::free)
                .filter(t -> t.order() > x.order() && Relations.norm(x, x.layers() - 1, t, 0))
                .findFirst())
        .ifPresent(t -> name("final_norm", t, "is res of the last layer / rms, times one gain"));
    // The last of them: a cap on the logits leaves the greatest the greatest.
    single.stream()
        .filter(this::free)
        .filter(t -> passes.inside(t.first()) && foretells(t, passes))
        .reduce((earlier, later) -> later)
        .ifPresent(
            t -> name("logits", t, "its greatest entry is the first id of the next pass, always"));
  }

  private static boolean sameEverywhere(Tensor single, Tensor layered, int layer) {
    for (int pass = 0; pass < single.looks().length; pass++) {
      if (!single.look(pass, 0).sameValues(layered.look(pass, layer))) {
        return false;
      }
    }
    return true;
  }

  private static boolean foretells(Tensor tensor, Passes passes) {
    int told = 0;
    for (int pass = 0; pass + 1 < Math.min(passes.count(), tensor.looks().length); pass++) {
      if (passes.length(pass + 1) != 1) {
        continue;
      }
      if (tensor.look(pass, 0).greatest() != passes.id(pass + 1)) {
        return false;
      }
      told++;
    }
    return told >= 2;
  }
}
