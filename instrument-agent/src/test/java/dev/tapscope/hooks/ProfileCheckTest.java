package dev.tapscope.hooks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProfileCheckTest {
  private static final Path TARGETS = ChildJvm.location(targets.TinyModel.class);

  @TempDir Path folder;

  private CheckReport check(String profile, Path... paths) throws IOException {
    Path file = Files.writeString(folder.resolve("tiny.taps"), profile);
    try (ClassPath classes = ClassPath.open(List.of(paths))) {
      return ProfileCheck.of(WrittenProfile.read(file.toString()), classes);
    }
  }

  private static SiteFinding site(CheckReport report, String name) {
    return report.sites().stream().filter(s -> s.site().equals(name)).findFirst().orElseThrow();
  }

  private static byte[] target(String name) {
    try (ClassPath classes = ClassPath.open(List.of(TARGETS))) {
      return classes.find(name).orElseThrow().bytes();
    }
  }

  @Test
  void everyTapThatFitsIsDescribed() throws IOException {
    CheckReport report = check(TinyProfile.text(), TARGETS);
    assertEquals(List.of(), report.misfits());
    assertEquals("tiny", report.profile());
    assertEquals(
        TinyProfile.profile().sites().stream().map(s -> s.name()).toList(),
        report.sites().stream().map(SiteFinding::site).toList());

    SiteFinding mid = site(report, "resid_mid");
    assertEquals("TinyModel$Block.forward", mid.method());
    assertEquals("after store local mid 1 of 1", mid.place());
    assertEquals("local mid", mid.value());
    SiteFinding.Fitting fit = mid.fit().orElseThrow();
    assertTrue(fit.where().matches("line [0-9]+"), fit.where());
    assertEquals("float[][]", fit.type());
    assertTrue(fit.assignable());
    // Seven taps lie in the method; none is free.
    assertTrue(fit.after() >= fit.before() + 7 * 6, fit.toString());
    assertEquals("int[]", site(report, "tokens").fit().orElseThrow().type());
  }

  @Test
  void aClassIsWovenAsTheAgentWeavesIt() throws IOException {
    CheckReport report = check(TinyProfile.text(), TARGETS);
    Map<String, WovenClass> woven =
        report.woven().stream().collect(Collectors.toMap(WovenClass::name, c -> c));
    assertEquals(
        Set.of("targets.TinyModel", "targets.TinyModel$Block", "targets.TinyModel$Sampler"),
        woven.keySet());
    for (WovenClass type : woven.values()) {
      assertArrayEquals(target(type.name()), type.original());
    }
    String diff = woven.get("targets.TinyModel$Sampler").diff();
    List<String> lines = diff.lines().toList();
    assertEquals("--- targets.TinyModel$Sampler (original)", lines.get(0));
    assertEquals("+++ targets.TinyModel$Sampler (woven)", lines.get(1));
    assertEquals("@@ next([F)I @@", lines.get(2));
    assertFalse(diff.contains("<init>"), "the constructor is as it was");
    // next(float[]) gets one tap, of the int it returns.
    List<String> taps =
        lines.stream().filter(l -> l.contains("INVOKEDYNAMIC")).map(String::strip).toList();
    assertEquals(1, taps.size(), diff);
    assertTrue(taps.get(0).matches("\\+ +INVOKEDYNAMIC tap\\(I\\)I \\["), diff);
    assertTrue(diff.contains("\"sampled\""), diff);
    assertTrue(
        lines.stream()
            .skip(2)
            .filter(l -> l.startsWith("-"))
            .allMatch(l -> l.strip().matches("-\\s+MAXSTACK.*|-\\s+MAXLOCALS.*")),
        "nothing of the method is lost: " + diff);
  }

  @Test
  void theDumpHoldsBothFormsAndTheirDifference() throws IOException {
    CheckReport report = check(TinyProfile.text(), TARGETS);
    Path dump = folder.resolve("a/dump");
    ClassDump to = new ClassDump(dump);
    report.woven().forEach(to::write);
    for (WovenClass type : report.woven()) {
      assertArrayEquals(type.woven(), Files.readAllBytes(dump.resolve(type.name() + ".class")));
      assertArrayEquals(
          type.original(), Files.readAllBytes(dump.resolve(type.name() + ".orig.class")));
      assertEquals(type.diff(), Files.readString(dump.resolve(type.name() + ".diff")));
    }
    try (var files = Files.list(dump)) {
      assertEquals(3 * report.woven().size(), files.count(), "and nothing half written");
    }
    Path file = Files.writeString(folder.resolve("file"), "");
    TapscopeException blocked =
        assertThrows(TapscopeException.class, () -> new ClassDump(file.resolve("dump")));
    assertEquals("dump-unwritable", blocked.id());
  }

  /** Parts of a sentence are parted by {@code &&}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          store local mid 1 of 1 | store local mid 1 of 2 | resid_mid | store-count | write: after store local mid 1 of 1.
          targets.TinyModel$Sampler.next | targets.TinyModl$Sampler.next | sampled | class-missing | Wanted class targets.TinyModl$Sampler && The nearest: targets.TinyModel$Sampler && write: in targets.TinyModel$Sampler.next(float[]).
          targets.TinyModel$Sampler.next | other.place.TinyModel$Sampler.next | sampled | class-missing | The tap fits there; write: in targets.TinyModel$Sampler.next(float[]).
          targets.TinyModel$Sampler.next(float[]) | targets.TinyModl$Sampler.following | sampled | class-missing | Write: in targets.TinyModel$Sampler.following, or give the jar
          targets.TinyModel$Sampler.next | zzz.Qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq.next | sampled | class-missing | Give the jar that holds it too
          targets.TinyModel$Vocabulary.decode | targets.TinyModel$Vocabularies.decode | text | class-missing | Write: text call targets.TinyModel$Vocabulary.decode(int).
          targets.TinyModel$Vocabulary.decode | targets.TinyModel$Vocabulary.decoded | text | method-missing | Wanted the model's decoder of one id, targets.TinyModel$Vocabulary.decoded(int)
          """)
  void whatDoesNotFitIsSaid(String from, String to, String site, String id, String parts)
      throws IOException {
    String profile = TinyProfile.text().replace(from, to);
    assertFalse(profile.equals(TinyProfile.text()), "the profile was changed");
    CheckReport report = check(profile, TARGETS);
    assertEquals(
        List.of(site), report.misfits().stream().map(SiteFinding::site).distinct().toList());
    SiteFinding misfit = report.misfits().get(0);
    assertEquals(id, misfit.id(), misfit.sentence());
    for (String part : parts.split(" && ", -1)) {
      assertTrue(misfit.sentence().contains(part), () -> part + "\nin\n" + misfit.sentence());
    }
  }

  @Test
  void aClassWithAMisfitIsNotWovenAndTheOthersAre() throws IOException {
    CheckReport report =
        check(TinyProfile.text().replace("local mid 1 of 1", "local mid 1 of 2"), TARGETS);
    assertEquals(
        List.of("targets.TinyModel", "targets.TinyModel$Sampler"),
        report.woven().stream().map(WovenClass::name).toList());
    assertTrue(site(report, "res").fits(), "its other sites are judged all the same");
  }

  @Test
  void aDamagedClassIsAMisfitOfItsSites() throws IOException {
    Path classes = Files.createDirectories(folder.resolve("classes/targets"));
    for (String name : List.of("TinyModel", "TinyModel$Block", "TinyModel$Vocabulary")) {
      Files.write(classes.resolve(name + ".class"), target("targets." + name));
    }
    Files.write(classes.resolve("TinyModel$Sampler.class"), target("targets.TinyModel$Norm"));
    CheckReport swapped = check(TinyProfile.text(), classes.getParent());
    assertEquals(List.of("class-name"), swapped.misfits().stream().map(SiteFinding::id).toList());
    Files.write(classes.resolve("TinyModel$Sampler.class"), new byte[] {1, 2, 3});
    CheckReport cut = check(TinyProfile.text(), classes.getParent());
    assertEquals(List.of("class-file"), cut.misfits().stream().map(SiteFinding::id).toList());
  }

  @Test
  void aProfileNobodyHasIsAnError() {
    TapscopeException unknown =
        assertThrows(TapscopeException.class, () -> WrittenProfile.read("gema2"));
    assertEquals("profile-unknown", unknown.id());
    assertEquals(TapscopeException.USAGE, unknown.exit());
    assertEquals("gemma2", WrittenProfile.read("gemma2").name());
  }
}
