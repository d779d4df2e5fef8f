package dev.tapscope.hooks;

import dev.tapscope.profile.LambdaRef;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.weave.MethodListing;
import java.util.ArrayList;
import java.util.List;

/**
 * What can be tapped in the body of a method, as lines of a profile.
 *
 * @param in what to write after {@code in}
 * @param body fingerprint of the body, what to write after {@code body}
 * @param named whether the class was compiled with names of variables
 * @param sections calls, stores and so on, those that are empty left out
 */
public record CodeListing(String in, String body, boolean named, List<Section> sections) {
  /**
   * Places of one kind.
   *
   * @param kind {@code calls}, {@code stores}, {@code puts}, {@code elements}, {@code loops},
   *     {@code lambdas} or {@code variables}
   */
  public record Section(String kind, List<Entry> entries) {
    public Section {
      entries = List.copyOf(entries);
    }
  }

  /**
   * One place or operand.
   *
   * @param text ready to paste: {@code after call Ops.add(float[]) 1 of 2}, {@code local x}
   * @param where {@code line 40}; of a variable the lines of its scope
   * @param type what a call returns, what a variable is; empty for other kinds
   * @param also other lines that name the same place
   */
  public record Entry(String text, String where, String type, List<String> also) {
    public Entry {
      also = List.copyOf(also);
    }
  }

  public CodeListing {
    sections = List.copyOf(sections);
  }

  /**
   * Lists a method.
   *
   * @param method {@code a.b.Block.forward}, with parameter types where there are several; the
   *     class may be short where it is unambiguous
   * @param lambdas which of its lambdas, from 1, which of the lambdas in that, and so on; empty for
   *     the method itself
   * @throws TapscopeException {@code class-missing}, {@code class-ambiguous}, {@code
   *     method-missing} and the other misfits of a method, {@code lambda-count}, {@code
   *     profile-syntax}
   */
  public static CodeListing of(ClassPath classes, String method, List<Integer> lambdas) {
    MethodRef wanted = MethodRef.parse(method);
    ClassFile found = owner(classes, wanted.owner());
    MethodRef in = new MethodRef(found.name(), wanted.name(), wanted.parameters());
    List<LambdaRef> path = new ArrayList<>();
    MethodListing listing = MethodListing.of(found.bytes(), in);
    for (int lambda : lambdas) {
      int there = listing.lambdas().size();
      if (lambda < 1 || lambda > there) {
        throw TapscopeException.check(
            "lambda-count",
            "Wanted lambda "
                + lambda
                + " in "
                + listing.in()
                + "; found "
                + (there == 0 ? "none" : there + ", counted from 1")
                + (there == 0 ? "." : ", at " + lambdaPlaces(listing) + "."));
      }
      path.add(new LambdaRef(lambda, there));
      listing = MethodListing.of(found.bytes(), in, path);
    }
    return of(listing);
  }

  private static String lambdaPlaces(MethodListing listing) {
    return String.join(", ", listing.lambdas().stream().map(l -> l.place().where()).toList());
  }

  private static ClassFile owner(ClassPath classes, String name) {
    if (classes.find(name).isPresent()) {
      return classes.find(name).get();
    }
    ClassSearch search = new ClassSearch(classes);
    List<String> named =
        classes.names().stream()
            .filter(full -> full.endsWith("." + name) || full.endsWith("$" + name))
            .sorted()
            .toList();
    if (named.size() > 1) {
      throw TapscopeException.check(
          "class-ambiguous",
          "Wanted one class "
              + name
              + "; found "
              + named.size()
              + ": "
              + String.join(", ", named)
              + ". Write one of them in full.");
    }
    if (named.isEmpty()) {
      List<String> near = search.near(name);
      throw TapscopeException.check(
          "class-missing",
          search.missing(name, near)
              + (near.isEmpty()
                  ? " Give the jar that holds it."
                  : " Write one of them, or give the jar that holds it."));
    }
    return classes.find(named.get(0)).orElseThrow();
  }

  private static CodeListing of(MethodListing listing) {
    List<Section> sections = new ArrayList<>();
    add(sections, "calls", listing.calls().stream().map(CodeListing::call).toList());
    add(sections, "stores", places(listing.stores()));
    add(sections, "puts", places(listing.puts()));
    add(sections, "elements", places(listing.elements()));
    add(sections, "loops", places(listing.loops()));
    add(
        sections,
        "lambdas",
        places(listing.lambdas().stream().map(MethodListing.Lambda::place).toList()));
    add(sections, "variables", listing.variables().stream().map(CodeListing::variable).toList());
    return new CodeListing(listing.in(), listing.body(), listing.named(), sections);
  }

  private static void add(List<Section> sections, String kind, List<Entry> entries) {
    if (!entries.isEmpty()) {
      sections.add(new Section(kind, entries));
    }
  }

  private static Entry call(MethodListing.Call call) {
    MethodListing.Place first = call.places().get(0);
    return new Entry(
        first.text(),
        first.where(),
        call.returns(),
        call.places().stream().skip(1).map(MethodListing.Place::text).toList());
  }

  private static List<Entry> places(List<MethodListing.Place> places) {
    return places.stream()
        .map(place -> new Entry(place.text(), place.where(), "", List.of()))
        .toList();
  }

  private static Entry variable(MethodListing.Variable variable) {
    String scope =
        variable.firstLine() == 0
            ? ""
            : variable.firstLine() == variable.lastLine()
                ? "line " + variable.firstLine()
                : "lines " + variable.firstLine() + " to " + variable.lastLine();
    boolean otherName =
        !variable.name().isEmpty() && !variable.text().equals("local " + variable.name());
    return new Entry(
        variable.text(),
        scope,
        variable.type(),
        otherName ? List.of("local " + variable.name()) : List.of());
  }
}
