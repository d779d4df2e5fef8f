package dev.tapscope.census;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Writes the sites that were found as taps of a profile. */
final class ProposedProfile {
  /** The order of a model, for people. */
  private static final List<String> ORDER =
      List.of(
          "tokens",
          "embed",
          "resid_pre",
          "attn_in",
          "q",
          "k",
          "v",
          "attn_logits",
          "attn_scores",
          "pattern",
          "att",
          "attn_raw",
          "attn_out",
          "resid_mid",
          "mlp_in",
          "mlp_gate",
          "mlp_up",
          "mlp_act",
          "mlp_raw",
          "mlp",
          "res",
          "final_norm",
          "logits",
          "sampled");

  private final Passes passes;
  private final List<Proposal> proposals = new ArrayList<>();

  private ProposedProfile(Passes passes) {
    this.passes = passes;
  }

  static List<Proposal> of(Map<String, Sites.Known> sites, Passes passes, List<Seen> all) {
    ProposedProfile profile = new ProposedProfile(passes);
    profile.tokens();
    sites.forEach(profile::site);
    profile.sampled(all);
    return profile.proposals.stream()
        .sorted(Comparator.comparingInt(p -> ORDER.indexOf(p.site())))
        .toList();
  }

  /** The profile as a file. */
  static String text(String name, List<Proposal> proposals) {
    StringBuilder text = new StringBuilder("profile " + name + "\n");
    for (Proposal proposal : proposals) {
      text.append("\n# ").append(proposal.why()).append('\n').append(proposal.text());
    }
    return text.toString();
  }

  private void add(String site, String why, Seen seen, List<String> lines) {
    Place place = seen.place();
    StringBuilder text = new StringBuilder("tap " + site + "\n");
    text.append("  in     ").append(place.method()).append('\n');
    String[] at = place.at().split(" ", 2);
    text.append("  ").append(at[0]).append(" ".repeat(7 - at[0].length())).append(at[1]);
    text.append("\n  value  ").append(place.value()).append('\n');
    lines.forEach(line -> text.append("  ").append(line).append('\n'));
    proposals.add(new Proposal(site, why, place.id(), text.toString()));
  }

  private void tokens() {
    Seen ids = passes.ids();
    List<String> lines = new ArrayList<>();
    Optional<String> start =
        operand(ids, pass -> passes.start(pass))
            .or(() -> Optional.of("0  # not found: correct it"));
    lines.add("pos    " + start.get());
    cache(ids).ifPresent(object -> lines.add("cache  " + object));
    add("tokens", "every pass begins here", ids, lines);
  }

  /** An object that is the same from pass to pass: what stands for a sequence is among them. */
  private Optional<String> cache(Seen ids) {
    List<String> same =
        IntStream.range(0, ids.place().objects().size())
            .filter(i ->
                ids.fires().stream().map(f -> f.objects()[i]).distinct().count() == 1
                    && ids.fires().get(0).objects()[i] != 0)
            .mapToObj(i -> ids.place().objects().get(i))
            .toList();
    return same.isEmpty()
        ? Optional.empty()
        : Optional.of(
            same.get(0)
                + (same.size() > 1
                    ? "  # or " + String.join(", ", same.subList(1, same.size()))
                    : ""));
  }

  private interface PerPass {
    int of(int pass);
  }

  /** The operand that holds a number in every pass. */
  private Optional<String> operand(Seen seen, PerPass wanted) {
    return IntStream.range(0, seen.operands().size())
        .filter(i ->
            IntStream.range(0, passes.count())
                .allMatch(pass ->
                    passes.of(seen, pass).stream()
                        .allMatch(fire -> fire.numbers()[i] == wanted.of(pass))))
        .mapToObj(seen.operands()::get)
        .findFirst();
  }

  private void site(String site, Sites.Known known) {
    Tensor tensor = known.tensor();
    List<String> lines = new ArrayList<>();
    tensor.layer().ifPresent(layer -> lines.add("layer  " + layer));
    if (tensor.layered() && tensor.layer().isEmpty()) {
      lines.add("layer  0  # no operand here holds it: correct it");
    }
    boolean some =
        IntStream.range(0, tensor.looks().length)
            .anyMatch(pass -> rows(tensor, pass) != passes.length(pass));
    if (some) {
      int[] rows = IntStream.range(0, passes.count()).map(pass -> rows(tensor, pass)).toArray();
      operand(tensor.first(), pass -> passes.start(pass) + passes.length(pass) - rows[pass])
          .ifPresent(first -> lines.add("pos    " + first));
      lines.add("rows   some");
    }
    add(site, known.why(), tensor.first(), lines);
  }

  /** Positions a tensor shows; of passes not looked at as in the last that was. */
  private int rows(Tensor tensor, int pass) {
    int at = Math.min(pass, tensor.looks().length - 1);
    int rows = tensor.look(at, 0).positions();
    return at == pass || rows != passes.length(at) ? rows : passes.length(pass);
  }

  private void sampled(List<Seen> all) {
    all.stream()
        .filter(seen -> seen.place().number() && seen.whole())
        .filter(this::foretells)
        .reduce((earlier, later) -> later) // what the sampler itself returns
        .ifPresent(
            seen -> add("sampled", "is the first id of the next pass, always", seen, List.of()));
  }

  private boolean foretells(Seen seen) {
    int told = 0;
    for (int pass = 0; pass + 1 < passes.count(); pass++) {
      List<Fire> fires = passes.of(seen, pass);
      if (passes.length(pass + 1) != 1) {
        continue;
      }
      if (fires.size() != 1 || fires.get(0).id() != passes.id(pass + 1)) {
        return false;
      }
      told++;
    }
    return told >= 2;
  }
}
