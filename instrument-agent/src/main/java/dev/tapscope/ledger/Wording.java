package dev.tapscope.ledger;

import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Says why addresses stayed silent, in the terms of the profile and of the classes that loaded. */
public final class Wording {
  private final Profile profile;
  private final Predicate<String> loaded;

  /**
   * @param loaded whether a class, named as in the profile, was loaded and woven
   */
  public Wording(Profile profile, Predicate<String> loaded) {
    this.profile = profile;
    this.loaded = loaded;
  }

  List<Problem> silent(
      Map<String, List<Address>> silent, long passes, int layers, String layersSeenAt) {
    List<Problem> problems = new ArrayList<>();
    Map<String, List<String>> unloaded = new TreeMap<>();
    List<String> passOwners = profile.passes().stream().map(MethodRef::owner).distinct().toList();
    if (passOwners.stream().noneMatch(loaded)) { // of several, a model may use one alone
      passOwners.forEach(
          owner -> unloaded.computeIfAbsent(owner, c -> new ArrayList<>()).add(Site.TOKENS));
    }
    for (Map.Entry<String, List<Address>> e : silent.entrySet()) {
      String owner = site(e.getKey()).in().owner();
      if (!loaded.test(owner)) {
        unloaded.computeIfAbsent(owner, c -> new ArrayList<>()).add(e.getKey());
      }
    }
    unloaded.forEach((owner, sites) -> problems.add(neverLoaded(owner, sites)));
    if (problems.isEmpty() && passes == 0) {
      problems.add(
          Problem.check(
              "site-never-fired",
              "No pass of the model was seen: "
                  + profile.passes().stream()
                      .map(MethodRef::toString)
                      .collect(Collectors.joining(" or "))
                  + ", which carries 'tokens', was never called to its end. Run the model on a"
                  + " text (in Java: on the thread that opened the run, or inside Run.call), or"
                  + " check that profile '"
                  + profile.name()
                  + "' names the method that computes it."));
      return problems;
    }
    for (Map.Entry<String, List<Address>> e : silent.entrySet()) {
      if (loaded.test(site(e.getKey()).in().owner())) {
        problems.add(neverFired(e.getKey(), e.getValue(), passes, layers, layersSeenAt));
      }
    }
    return problems;
  }

  private Problem neverLoaded(String owner, List<String> sites) {
    return Problem.check(
        "class-never-loaded",
        "Class "
            + owner
            + ", which profile '"
            + profile.name()
            + "' names at "
            + String.join(", ", sites)
            + ", was never loaded, so nothing could be tapped there. Check that the profile is for"
            + " this model"
            + profile.target().map(t -> " (it was written for " + t + ")").orElse("")
            + " and that the class's full name is right.");
  }

  private Problem neverFired(
      String site, List<Address> addresses, long passes, int layers, String layersSeenAt) {
    String who =
        addresses.isEmpty()
            ? site + " (any layer)"
            : String.join(", ", addresses.stream().map(Address::toString).toList());
    boolean beyond =
        layers > 0 && !addresses.isEmpty() && addresses.stream().allMatch(a -> a.layer() >= layers);
    return Problem.check(
        "site-never-fired",
        "Site "
            + who
            + " was asked for and never fired in "
            + passes
            + (passes == 1 ? " pass. " : " passes. ")
            + (beyond
                ? "The model has layers 0 to " + (layers - 1) + ", as seen at " + layersSeenAt + "."
                : "Method "
                    + site(site).in()
                    + " was loaded but did not reach the tap; check the"
                    + " site in the profile."));
  }

  private Site site(String name) {
    return profile.sites().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }
}
