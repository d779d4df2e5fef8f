package dev.tapscope.hooks;

import dev.tapscope.hooks.SiteFinding.Fitting;
import dev.tapscope.profile.LambdaRef;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.weave.Fit;
import dev.tapscope.weave.Misfit;
import dev.tapscope.weave.SiteReport;
import dev.tapscope.weave.Weaver;
import dev.tapscope.weave.Woven;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.util.CheckClassAdapter;

/**
 * Weaves a profile into class files the way the agent does, and throws the result away: what fits
 * here fits there. Woven classes are verified as far as that goes without loading what they name.
 */
public final class ProfileCheck {
  private final Profile profile;
  private final ClassPath classes;
  private final Map<Site, SiteFinding> findings = new HashMap<>();
  private final List<WovenClass> woven = new ArrayList<>();

  private ProfileCheck(Profile profile, ClassPath classes) {
    this.profile = profile;
    this.classes = classes;
  }

  /**
   * Checks every tap of a profile.
   *
   * @throws dev.tapscope.tap.TapscopeException {@code path-unreadable}
   */
  public static CheckReport of(WrittenProfile profile, ClassPath classes) {
    return new ProfileCheck(profile.profile(), classes).report();
  }

  /**
   * Checks every tap of a profile as if it had no {@code body} line: what {@link BodyLines#accept}
   * asks for.
   */
  public static CheckReport withoutBodies(WrittenProfile profile, ClassPath classes) {
    Profile whole = profile.profile();
    Profile without =
        new Profile(
            whole.name(),
            whole.target(),
            whole.bos(),
            whole.text(),
            whole.places().stream().map(Site::withoutBody).toList());
    return new ProfileCheck(without, classes).report();
  }

  private CheckReport report() {
    Map<String, List<Site>> byClass = new LinkedHashMap<>();
    for (Site site : profile.places()) {
      byClass.computeIfAbsent(site.in().owner(), owner -> new ArrayList<>()).add(site);
    }
    byClass.forEach((owner, sites) ->
        classes
            .find(owner)
            .ifPresentOrElse(found -> check(found, sites), () -> missing(owner, sites)));
    List<SiteFinding> all = new ArrayList<>();
    profile.places().forEach(site -> all.add(findings.get(site)));
    profile.text().flatMap(this::decoderMissing).ifPresent(all::add);
    return new CheckReport(profile.name(), classes.names().size(), all, classes.notes(), woven);
  }

  private void check(ClassFile found, List<Site> sites) {
    Woven result = Weaver.weave(found.bytes(), sites, profile.name());
    result.reports().forEach(report -> findings.put(report.site(), finding(report)));
    // A class file that is named otherwise inside has no report of any site.
    for (Site site : sites) {
      if (!findings.containsKey(site)) {
        findings.put(
            site,
            misfit(
                site,
                "class-name",
                "Wanted class "
                    + found.name()
                    + " in "
                    + found.origin()
                    + "; the class file there has another name inside. Build it again."));
      }
    }
    result
        .bytes()
        .ifPresent(bytes -> {
          Optional<String> complaint = complaint(found.bytes(), bytes);
          complaint.ifPresent(c -> sites.forEach(s -> findings.put(s, unverified(s, found, c))));
          if (complaint.isEmpty()) {
            woven.add(new WovenClass(found.name(), found.bytes(), bytes));
          }
        });
  }

  private static SiteFinding unverified(Site site, ClassFile found, String complaint) {
    return misfit(
        site,
        "verify-failed",
        "Class "
            + found.name()
            + " was woven, but the result does not pass verification ("
            + complaint
            + "). This is a mistake in Tapscope; please report it with the class.");
  }

  /** What the woven class is accused of and the original is not. */
  private static Optional<String> complaint(byte[] original, byte[] woven) {
    return verify(original).isPresent() ? Optional.empty() : verify(woven);
  }

  private static Optional<String> verify(byte[] classFile) {
    try {
      new ClassReader(classFile).accept(new CheckClassAdapter(new ClassNode(), true), 0);
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of(firstLine(e));
    }
  }

  private static String firstLine(RuntimeException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage().lines().findFirst().orElse("");
  }

  private static SiteFinding finding(SiteReport report) {
    if (report instanceof Misfit misfit) {
      return misfit(misfit.site(), misfit.id(), misfit.sentence());
    }
    Fit fit = (Fit) report;
    Fitting fitting =
        new Fitting(
            fit.where(),
            typeName(fit.type()),
            fit.assignable(),
            fit.growth().before(),
            fit.growth().after(),
            fit.growth().warning());
    return finding(fit.site(), Optional.of(fitting), "ok", fit.sentence());
  }

  private static SiteFinding misfit(Site site, String id, String sentence) {
    return finding(site, Optional.empty(), id, sentence);
  }

  private static SiteFinding finding(Site site, Optional<Fitting> fit, String id, String sentence) {
    return new SiteFinding(
        site.id(),
        site.line(),
        ClassSearch.simple(site.in().owner())
            + "."
            + site.in().name()
            + (site.lambdas().isEmpty() ? "" : " " + LambdaRef.path(site.lambdas())),
        site.at().toString(),
        site.value().toString(),
        fit,
        id,
        sentence);
  }

  /** {@code KvCache[]} for a descriptor. */
  private static String typeName(String descriptor) {
    String name = Type.getType(descriptor).getClassName();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private void missing(String owner, List<Site> sites) {
    ClassSearch search = new ClassSearch(classes);
    List<String> near = search.near(owner);
    for (Site site : sites) {
      // The same class in another package or under another name: say so where the tap fits there.
      Optional<MethodRef> moved =
          near.stream()
              .map(name -> new MethodRef(name, site.in().name(), site.in().parameters()))
              .filter(in -> fits(site, in))
              .findFirst();
      String hint =
          moved
              .map(in -> "The tap fits there; write: in " + in + ".")
              .orElse(
                  near.isEmpty()
                      ? "Give the jar that holds it too, or name another class after 'in'."
                      : "Write: in "
                          + new MethodRef(near.get(0), site.in().name(), site.in().parameters())
                          + ", or give the jar that holds it too.");
      findings.put(site, misfit(site, "class-missing", search.missing(owner, near) + " " + hint));
    }
  }

  private boolean fits(Site site, MethodRef in) {
    Site there = site.movedTo(in);
    return classes
        .find(in.owner())
        .map(found -> Weaver.weave(found.bytes(), List.of(there), profile.name()))
        .filter(result -> result.bytes().isPresent())
        .isPresent();
  }

  /** The model's own decoder is called by name: it has to be there, in the class or above it. */
  private Optional<SiteFinding> decoderMissing(MethodRef decoder) {
    ClassSearch search = new ClassSearch(classes);
    if (classes.find(decoder.owner()).isEmpty()) {
      List<String> near = search.near(decoder.owner());
      String hint =
          near.isEmpty()
              ? "Give the jar that holds it too, or leave the line out: tokens are numbers then."
              : "Write: text call "
                  + new MethodRef(near.get(0), decoder.name(), decoder.parameters())
                  + ".";
      return Optional.of(
          decoderFinding(
              decoder, "class-missing", search.missing(decoder.owner(), near) + " " + hint));
    }
    return search.decodes(decoder)
        ? Optional.empty()
        : Optional.of(
            decoderFinding(
                decoder,
                "method-missing",
                "Wanted the model's decoder of one id, "
                    + decoder.owner()
                    + "."
                    + decoder.name()
                    + "(int); the class has no such method, nor has a class above it. Name"
                    + " another after 'text call', or leave the line out: tokens are numbers"
                    + " then."));
  }

  private static SiteFinding decoderFinding(MethodRef decoder, String id, String sentence) {
    return new SiteFinding(
        "text",
        0,
        ClassSearch.simple(decoder.owner()) + "." + decoder.name(),
        "text call",
        "return",
        Optional.empty(),
        id,
        sentence);
  }
}
