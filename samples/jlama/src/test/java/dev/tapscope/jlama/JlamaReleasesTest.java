package dev.tapscope.jlama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.BuiltInProfiles;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.weave.Fit;
import dev.tapscope.weave.SiteReport;
import dev.tapscope.weave.Weaver;
import dev.tapscope.weave.Woven;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The profile against the jars as they were published; nothing of them is loaded. */
class JlamaReleasesTest {
  private static final Profile PROFILE = BuiltInProfiles.find("jlama-gemma2").orElseThrow();

  @ParameterizedTest
  @ValueSource(strings = {"0.8.3", "0.8.4"})
  void everySiteFits(String release) throws IOException {
    List<SiteReport> reports = new ArrayList<>();
    try (JarFile jar = jar(release)) {
      for (String owner : PROFILE.places().stream().map(s -> s.in().owner()).distinct().toList()) {
        Woven woven = Weaver.weave(bytes(jar, owner), PROFILE.places(), PROFILE.name());
        assertEquals(List.of(), woven.misfits().stream().map(SiteReport::sentence).toList());
        assertTrue(woven.bytes().isPresent(), owner);
        reports.addAll(woven.reports());
      }
    }
    assertEquals(
        PROFILE.places().stream().map(Site::name).sorted().toList(),
        reports.stream().map(r -> r.site().name()).sorted().toList());
  }

  /** Edits reach the model at every site: its tensors are written in place or stored back. */
  @ParameterizedTest
  @ValueSource(strings = {"0.8.3", "0.8.4"})
  void aTensorIsWhatEverySiteShows(String release) throws IOException {
    try (JarFile jar = jar(release)) {
      for (Site site : PROFILE.places()) {
        if (!site.name().equals(Site.TOKENS) && !site.name().equals(Site.SAMPLED)) {
          Woven woven = Weaver.weave(bytes(jar, site.in().owner()), List.of(site), PROFILE.name());
          Fit fit = (Fit) woven.reports().getFirst();
          assertEquals("Lcom/github/tjake/jlama/tensor/AbstractTensor;", fit.type(), site.name());
        }
      }
    }
  }

  private static JarFile jar(String release) throws IOException {
    Path jars = Path.of(System.getProperty("jlama.releases"));
    return new JarFile(jars.resolve("jlama-core-" + release + ".jar").toFile());
  }

  private static byte[] bytes(JarFile jar, String owner) throws IOException {
    ZipEntry entry = jar.getEntry(owner.replace('.', '/') + ".class");
    return jar.getInputStream(entry).readAllBytes();
  }
}
