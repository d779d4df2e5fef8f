package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope hooks} on the packaged Gemma 2. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class HooksIT {
  private static final String JAR = System.getProperty("gemma2.jar");

  private static JvmRun hooks(String... arguments) {
    return new JvmRun(List.of(), List.of("hooks")).with(arguments);
  }

  private static JsonNode json(JvmRun.Finished finished) {
    return new JsonMapper().readTree(finished.out());
  }

  /** Every site the built-in profile has is checked against the jar it was written for. */
  @Test
  void theBuiltInProfileFitsTheSample() {
    JsonNode report = json(hooks("check", "gemma2", JAR, "--json").run(Packaged.command()).ok());
    assertTrue(report.get("ok").booleanValue(), report::toString);
    assertTrue(report.get("sites").size() > 20, report::toString);
    for (JsonNode site : report.get("sites")) {
      assertEquals("ok", site.get("id").stringValue(), site::toString);
    }
  }

  @Test
  void aMethodIsListed() {
    JvmRun.Finished listed = hooks("list", JAR, "model.Block.forward").run(Packaged.command()).ok();
    assertTrue(
        listed.out().startsWith("in     gemma2.model.Block.forward(float[][], int, KvCache)\n"),
        listed::toString);
    assertTrue(listed.out().contains("\nafter store local residPost 1 of 1  "), listed::toString);
    assertTrue(
        listed.out().contains("\nafter call Activations.add(float[][], float[][]) 2 of 2  "),
        listed::toString);
  }

  /** The census is told the package and nothing else, and finds what the profile's author wrote. */
  @Test
  void theCensusFindsTheSitesOfTheSample() throws IOException {
    Path found = Packaged.workFolder("census").resolve("found.taps");
    JvmRun.Finished ran =
        hooks("census", "--package", "gemma2..", "--json", "--out", found.toString(), "--")
            .with(Packaged.java().toString(), "-jar", Packaged.model().toString())
            .with("generate", "--model", Fixtures.tinyGemma2().toString(), "-n", "5")
            .with("--prompt", "The City of Light is Paris. In Paris")
            .run(Packaged.command())
            .ok();
    JsonNode census = json(ran);
    assertEquals(6, census.get("layers").intValue());
    Map<String, Integer> siteOf = new HashMap<>();
    census
        .get("sites")
        .forEach(site -> siteOf.put(site.get("site").stringValue(), site.get("place").intValue()));

    JsonNode written = json(hooks("check", "gemma2", JAR, "--json").run(Packaged.command()).ok());
    Set<String> names = new TreeSet<>();
    for (JsonNode site : written.get("sites")) {
      String name = site.get("site").stringValue();
      if (name.equals("transcoder_in") || name.equals("block")) {
        continue; // one is derived, in the place of mlp_in; the other is a call, no value
      }
      names.add(name);
      assertEquals(
          siteOf.get(name),
          placeOf(census, site),
          () -> name + " is not where its author has it: " + census.get("profile").stringValue());
    }
    assertEquals(names, new TreeSet<>(siteOf.keySet()));
    hooks("check", found.toString(), JAR).run(Packaged.command()).ok();
    assertTrue(Files.readString(found).startsWith("profile census\n"));
  }

  /** The place that shows a written site's value: itself, or the one with the same value. */
  private static Integer placeOf(JsonNode census, JsonNode site) {
    for (JsonNode place : census.get("places")) {
      String in = place.get("in").stringValue();
      String method = in.substring(0, in.indexOf('('));
      boolean here =
          method.endsWith("." + site.get("method").stringValue())
              && place.get("at").stringValue().equals(site.get("place").stringValue())
              && place.get("value").stringValue().equals(site.get("value").stringValue());
      if (here) {
        return place.has("same_as") ? place.get("same_as").intValue() : place.get("id").intValue();
      }
    }
    return -1;
  }
}
