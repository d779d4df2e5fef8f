package dev.tapscope.weave;

import dev.tapscope.profile.Site;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodTooLargeException;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Weaves the taps of a profile into a class file. Pure: bytes in, bytes and a report out; no class
 * is loaded, nothing is remembered. Methods without a site are copied byte for byte.
 *
 * <p>Each tap is the straight-line code of {@link Insertion}: the value and the roots of {@link
 * Site#captures()} go through {@code invokedynamic tap:(V, C...)V}, whose bootstrap is {@code
 * TapBridge.bootstrap} with the name of the profile and the {@link Site#id()} as static arguments.
 * {@code V} is a reference or an int; so are the {@code C}s, and the factor of a scaled value may
 * be a float or a double. As long as the call site passes its first argument through, the class
 * computes what it computed before, bit for bit.
 *
 * <p>A tap around a call stands in its place: {@code invokedynamic around:(receiver?, arguments...,
 * C...)R}, whose bootstrap is {@code TapBridge.bootstrapAround} with a handle of the call as one
 * more static argument.
 */
public final class Weaver {
  /** Before this class version (Java 7) there is no {@code invokedynamic}. */
  private static final int OLDEST = Opcodes.V1_7;

  /** The newest class version ASM reads. */
  private static final int NEWEST = Opcodes.V28;

  private final ClassNode owner = new ClassNode();
  private final ClassReader reader;
  private final String profile;
  private final Map<String, MethodCode> methods = new HashMap<>();

  private Weaver(ClassReader reader, String profile) {
    this.reader = reader;
    this.profile = profile;
    // Types at a point are read off the frames, so they are wanted whole.
    reader.accept(owner, ClassReader.EXPAND_FRAMES);
  }

  /**
   * Weaves the sites that lie in a class, all of them or none.
   *
   * @param classFile the class as it is loaded; not changed
   * @param sites of any classes; those of others are passed over
   * @param profileName name the linker of the taps gets to see
   * @return the woven class if every site fits, and a report for each site of this class
   */
  public static Woven weave(byte[] classFile, List<Site> sites, String profileName) {
    Optional<NoFit> unreadable = unreadable(classFile);
    if (unreadable.isPresent()) {
      return none(sites, unreadable.get());
    }
    try {
      return new Weaver(new ClassReader(classFile), profileName).weave(sites);
    } catch (RuntimeException e) {
      // ASM throws whatever damaged bytes make it run into, now or when a part is looked at.
      return none(sites, damaged(e));
    }
  }

  static Optional<NoFit> unreadable(byte[] classFile) {
    if (classFile.length < 10
        || classFile[0] != (byte) 0xCA
        || classFile[1] != (byte) 0xFE
        || classFile[2] != (byte) 0xBA
        || classFile[3] != (byte) 0xBE) {
      return Optional.of(
          new NoFit(
              "class-file",
              "Wanted a class file; found "
                  + classFile.length
                  + " bytes that do not begin as one (CAFEBABE). Look at where they come from."));
    }
    int version = (classFile[6] & 0xFF) << 8 | (classFile[7] & 0xFF);
    if (version >= OLDEST && version <= NEWEST) {
      return Optional.empty();
    }
    return Optional.of(
        new NoFit(
            "class-version",
            "Wanted a class file of version "
                + OLDEST
                + " (Java 7) to "
                + NEWEST
                + " (Java "
                + (NEWEST - 44)
                + "); found "
                + version
                + ". "
                + (version < OLDEST
                    ? "It has no invokedynamic to tap with: compile it for Java 7 or later."
                    : "Use a newer Tapscope, or compile it for an earlier Java.")));
  }

  static NoFit damaged(RuntimeException cause) {
    return new NoFit(
        "class-file",
        "Wanted a whole class file; found one that cannot be read ("
            + cause
            + "). It is cut short or damaged: fetch or build it again.");
  }

  private static Woven none(List<Site> sites, NoFit reason) {
    return new Woven(
        Optional.empty(), sites.stream().<SiteReport>map(site -> misfit(site, reason)).toList());
  }

  private static Misfit misfit(Site site, NoFit reason) {
    return new Misfit(site, reason.id(), reason.getMessage());
  }

  private Woven weave(List<Site> sites) {
    String name = SourceNames.className(owner.name);
    List<Site> own = sites.stream().filter(site -> site.in().owner().equals(name)).toList();
    Map<Site, Placed> placed = new LinkedHashMap<>();
    Map<Site, Misfit> misfits = new HashMap<>();
    for (Site site : own) {
      try {
        Placed fit = place(site);
        requireAlone(fit, placed);
        placed.put(site, fit);
      } catch (NoFit e) {
        misfits.put(site, misfit(site, e));
      }
    }
    if (placed.isEmpty()) {
      return report(own, misfits);
    }
    byte[] bytes;
    try {
      bytes = write(placed.values());
    } catch (MethodTooLargeException e) {
      return none(own, MethodSizes.overflow(e));
    }
    MethodSizes sizes = new MethodSizes(reader, bytes);
    Map<Site, SiteReport> reports = new HashMap<>(misfits);
    placed.forEach((site, fit) -> reports.put(site, report(site, fit, sizes)));
    Woven woven = report(own, reports);
    return woven.misfits().isEmpty() ? new Woven(Optional.of(bytes), woven.reports()) : woven;
  }

  private static Woven report(List<Site> own, Map<Site, ? extends SiteReport> reports) {
    return new Woven(Optional.empty(), own.stream().<SiteReport>map(reports::get).toList());
  }

  /** Where a site goes, found before anything is changed. */
  private record Placed(MethodCode code, List<Placement> placements, String where) {}

  private Placed place(Site site) {
    MethodNode found = MethodSearch.find(owner, site.in());
    MethodNode body = new LambdaSearch(owner).find(found, site.lambdas());
    MethodCode code =
        methods.computeIfAbsent(body.name + body.desc, key -> code(body, found, site));
    site.body()
        .filter(wanted -> !wanted.equals(Fingerprint.of(owner.name, body)))
        .ifPresent(wanted -> {
          throw Fingerprint.changed(site, Fingerprint.of(owner.name, body), code.name());
        });
    List<Placement> placements =
        PointSearch.find(code, site.at()).stream()
            .map(point -> Placement.of(site, code, point))
            .toList();
    // Said now: a call that is replaced has no line any more.
    String where = code.places(placements.stream().map(p -> p.point().anchor()).toList());
    return new Placed(code, placements, where);
  }

  private MethodCode code(MethodNode body, MethodNode found, Site site) {
    MethodCode plain = new MethodCode(owner, body);
    String lambdas = site.inText().substring(site.in().toString().length());
    return body == found
        ? plain
        : new MethodCode(owner, body, new MethodCode(owner, found).name() + lambdas);
  }

  /** Of two taps in the place of one call the first would never hand the call on to the second. */
  private static void requireAlone(Placed fit, Map<Site, Placed> placed) {
    Placement placement = fit.placements().get(0);
    placed.forEach((site, other) -> {
      Point point = other.placements().get(0).point();
      if (point.around()
          && placement.point().around()
          && point.anchor() == placement.point().anchor()) {
        throw new NoFit(
            "around-twice",
            "Wanted '"
                + placement.site().at()
                + "' in "
                + fit.code().name()
                + "; found that the tap '"
                + site.id()
                + "' stands around the same call, and only one can. Write 'before call' or 'after"
                + " call' in one of them.");
      }
    });
  }

  private byte[] write(Collection<Placed> placed) {
    Map<MethodCode, List<Placement>> byMethod = new LinkedHashMap<>();
    for (Placed fit : placed) {
      byMethod.computeIfAbsent(fit.code(), key -> new ArrayList<>()).addAll(fit.placements());
    }
    byMethod.forEach((code, taps) -> new Insertion(owner.name, code.method(), profile).weave(taps));
    // Straight-line code leaves frames alone, so they are never computed: that would load classes.
    ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
    reader.accept(
        new ClassVisitor(Opcodes.ASM9, writer) {
          @Override
          public MethodVisitor visitMethod(
              int access, String name, String descriptor, String signature, String[] exceptions) {
            MethodCode code = methods.get(name + descriptor);
            if (code == null || !byMethod.containsKey(code)) {
              return super.visitMethod(access, name, descriptor, signature, exceptions);
            }
            code.method().accept(cv);
            return null;
          }
        },
        ClassReader.EXPAND_FRAMES);
    return writer.toByteArray();
  }

  private SiteReport report(Site site, Placed fit, MethodSizes sizes) {
    Optional<NoFit> tooLarge = sizes.tooLarge(fit.code());
    if (tooLarge.isPresent()) {
      return misfit(site, tooLarge.get());
    }
    Placement first = fit.placements().get(0);
    Growth growth = sizes.growth(fit.code());
    String sentence =
        "'"
            + site.id()
            + "' fits "
            + site.at()
            + ", "
            + fit.where()
            + "; "
            + site.value()
            + " is "
            + SourceNames.brief(first.type())
            + (first.assignable() ? copy(first, fit.code()) : ", changed in place only")
            + "; "
            + growth.sentence()
            + ".";
    return new Fit(
        site,
        fit.placements().size(),
        first.type().getDescriptor(),
        first.assignable(),
        fit.where(),
        growth,
        sentence);
  }

  /** A lambda has copies of the variables it captures. */
  private String copy(Placement placement, MethodCode code) {
    int parameters =
        new LambdaSearch(owner)
            .madeFrom(code.method())
            .map(LambdaSearch.Lambda::captured)
            .orElse(0);
    return placement.value().orElse(null) instanceof Held.InSlot variable
            && variable.slot() < code.slotOfParameter(parameters)
        ? ", a copy the lambda has captured: a new value is not seen outside the lambda"
        : "";
  }
}
