package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.ledger.Problem;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.testing.TinyProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SiteWeavingTest {
  private static final String BLOCK = "targets/TinyModel$Block";

  private final ByteArrayOutputStream told = new ByteArrayOutputStream();
  private final ClassLoader here = getClass().getClassLoader();

  private SiteWeaving weaving(String profile, boolean strict) {
    return new SiteWeaving(
        ProfileParser.parse(profile, "tiny.taps"),
        strict,
        new PrintStream(told, true, StandardCharsets.UTF_8));
  }

  private byte[] block() throws IOException {
    try (InputStream in = here.getResourceAsStream(BLOCK + ".class")) {
      return in.readAllBytes();
    }
  }

  private static List<String> ids(SiteWeaving weaving) {
    return weaving.problems().stream().map(Problem::id).toList();
  }

  @Test
  void weavesTheClassesOfTheProfileOnly() throws IOException {
    SiteWeaving weaving = weaving(TinyProfile.text(), true);
    assertNull(weaving.transform(null, here, "targets/Other", null, null, block()));
    assertNotNull(weaving.transform(null, here, BLOCK, null, null, block()));
    assertTrue(weaving.hasWoven("targets.TinyModel$Block"));
    assertFalse(weaving.hasWoven("targets.TinyModel"));
    assertEquals(List.of(), weaving.problems());
  }

  @Test
  void aLoaderThatDoesNotSeeTheBridgeIsRefused() throws IOException {
    ClassLoader isolated =
        new ClassLoader(here) {
          @Override
          protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("dev.tapscope.boot.")) {
              throw new ClassNotFoundException(name);
            }
            return super.loadClass(name, resolve);
          }
        };
    SiteWeaving weaving = weaving(TinyProfile.text(), true);
    assertNull(weaving.transform(null, isolated, BLOCK, null, null, block()));
    assertEquals(List.of("loader-isolated"), ids(weaving));
    assertFalse(weaving.hasWoven("targets.TinyModel$Block"));
  }

  @Test
  void aMisfitLeavesAClassAloneAndIsToldOnce() throws IOException {
    String text = TinyProfile.text().replace("store local mid 1 of 1", "store local mid 1 of 2");
    SiteWeaving weaving = weaving(text, true);
    assertEquals(List.of("resid_mid"), weaving.check(here));
    assertNull(weaving.transform(null, here, BLOCK, null, null, block()));
    assertEquals(List.of("store-count"), ids(weaving));
    assertEquals(1, told.toString(StandardCharsets.UTF_8).lines().count(), told.toString());
    assertTrue(told.toString(StandardCharsets.UTF_8).startsWith("tapscope: [store-count] "));
  }

  @Test
  void withoutStrictnessTheSitesThatFitAreWoven() throws IOException {
    String text = TinyProfile.text().replace("store local mid 1 of 1", "store local mid 1 of 2");
    SiteWeaving weaving = weaving(text, false);
    assertNotNull(weaving.transform(null, here, BLOCK, null, null, block()));
    assertTrue(weaving.hasWoven("targets.TinyModel$Block"));
    assertTrue(
        told.toString(StandardCharsets.UTF_8).startsWith("tapscope: warning: [store-count] "));
  }

  @Test
  void aClassFileThatIsNoneIsTold() throws IOException {
    SiteWeaving weaving = weaving(TinyProfile.text(), true);
    assertNull(weaving.transform(null, here, BLOCK, null, null, new byte[] {1, 2, 3}));
    assertFalse(weaving.problems().isEmpty());
  }
}
