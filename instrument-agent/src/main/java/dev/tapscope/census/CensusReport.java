package dev.tapscope.census;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What a census found, as a document. */
final class CensusReport {
  private final List<Seen> all;
  private final Optional<Passes> passes;
  private final Optional<Tensors> tensors;
  private final List<Proposal> proposals;

  private CensusReport(List<Seen> all) {
    this.all = all;
    this.passes = Passes.find(all);
    this.tensors = passes.map(p -> Tensors.of(all, p));
    this.proposals =
        passes.isEmpty()
            ? List.of()
            : ProposedProfile.of(Sites.find(tensors.get(), passes.get()), passes.get(), all);
  }

  static Map<String, Object> of(
      Packages packages, int classes, List<Seen> seen, List<String> notes) {
    List<Seen> fired =
        seen.stream()
            .filter(s -> !s.fires().isEmpty())
            .sorted(Comparator.comparingLong(s -> s.fires().get(0).order()))
            .toList();
    CensusReport report = new CensusReport(fired);
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-census/1");
    document.put("packages", String.join("+", packages.written()));
    document.put("classes", classes);
    document.put("places_woven", seen.size());
    document.put("places_silent", seen.size() - fired.size());
    document.put("passes", report.passes.map(Passes::count).orElse(0));
    document.put("layers", report.tensors.map(Tensors::layers).orElse(0));
    document.put("places", report.places());
    document.put("sites", report.sites());
    document.put("profile", ProposedProfile.text("census", report.proposals));
    document.put("notes", report.notes(notes, classes));
    return document;
  }

  private List<Object> places() {
    Map<Integer, Integer> sameAs = new HashMap<>();
    tensors.ifPresent(t ->
        Stream.concat(t.layered().stream(), t.single().stream())
            .forEach(tensor ->
                tensor
                    .places()
                    .forEach(p -> sameAs.put(p.place().id(), tensor.first().place().id()))));
    List<Object> places = new ArrayList<>();
    for (Seen seen : all) {
      Place place = seen.place();
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("id", place.id());
      entry.put("in", place.method());
      entry.put("at", place.at());
      entry.put("value", place.value());
      entry.put("line", place.line());
      entry.put("type", place.type());
      entry.put("shape", shape(seen));
      entry.put("fires", seen.total());
      entry.put("per_pass", perPass(seen));
      norm(seen).ifPresent(norm -> entry.put("norm", norm));
      int same = sameAs.getOrDefault(place.id(), place.id());
      if (same != place.id()) {
        entry.put("same_as", same);
      }
      proposals.stream()
          .filter(p -> p.place() == place.id())
          .findFirst()
          .ifPresent(p -> entry.put("site", p.site()));
      places.add(entry);
    }
    return places;
  }

  /** {@code 5 x 64} of the first value; of ids how many. */
  private static String shape(Seen seen) {
    Fire first = seen.fires().get(0);
    if (seen.place().ids()) {
      return Integer.toString(first.count());
    }
    return first
        .look()
        .map(look ->
            look.rows()
                + " x "
                + (look.widths()[0] == look.width() ? "" : look.widths()[0] + "..")
                + look.width())
        .orElse("");
  }

  private String perPass(Seen seen) {
    if (passes.isEmpty() || !seen.whole()) {
      return "not known";
    }
    Optional<Integer> each = passes.get().each(seen);
    int layers = tensors.get().layers();
    if (each.isPresent()) {
      int n = each.get();
      boolean ofLayers = layers > 1 && n % layers == 0;
      return !ofLayers
          ? Integer.toString(n)
          : n == layers ? n + " = layers" : n + " = layers x " + n / layers;
    }
    return passes
        .get()
        .eachId(seen)
        .map(n -> n == 1 ? "once an id" : n + " an id")
        .orElse("irregular");
  }

  private static Optional<Double> norm(Seen seen) {
    double[] norms =
        seen.fires().stream()
            .map(Fire::look)
            .flatMap(Optional::stream)
            .mapToDouble(Look::norm)
            .toArray();
    return norms.length == 0
        ? Optional.empty()
        : Optional.of(Arrays.stream(norms).average().orElse(0));
  }

  private List<Object> sites() {
    List<Object> sites = new ArrayList<>();
    for (Proposal proposal : proposals) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("site", proposal.site());
      entry.put("why", proposal.why());
      entry.put("place", proposal.place());
      entry.put("lines", proposal.text());
      sites.add(entry);
    }
    return sites;
  }

  private List<String> notes(List<String> given, int classes) {
    List<String> notes = new ArrayList<>(given);
    if (classes == 0) {
      notes.add("No class of these packages was loaded. Look at the package names.");
    } else if (passes.isEmpty()) {
      notes.add(
          "No method of these packages was given ids (int[]), so passes cannot be told apart and no"
              + " site can be proposed. Take the package of the model's forward in.");
    } else if (tensors.get().layers() < 2) {
      notes.add(
          "Nothing counts layers: no int field, parameter or variable beside a value runs from 0 in"
              + " every pass. Sites inside the blocks cannot be told.");
    }
    all.stream()
        .filter(seen -> !seen.whole())
        .forEach(seen ->
            notes.add(
                "Only the first "
                    + seen.fires().size()
                    + " of "
                    + seen.total()
                    + " values of "
                    + seen.place().value()
                    + " in "
                    + seen.place().method()
                    + " were looked at."));
    return notes;
  }
}
