package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.profile.Site;
import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.Json;
import dev.tapscope.testing.Shard;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A census of the fixture model, of which it is told nothing but the package. */
class CensusIT {
  @TempDir Path folder;

  private ChildJvm child(int version) {
    Path java = version == 25 ? ChildJvm.thisJava() : ChildJvm.mavensJava();
    return new ChildJvm(java, folder).brief();
  }

  private Map<String, Object> census(int version) throws IOException {
    Result alone = child(version).run("n=4");
    Path report = folder.resolve("census.json");
    Result seen = child(version).agent("census=targets..,out=" + report).run("n=4");
    assertEquals(0, seen.exit(), seen.err());
    assertEquals(alone.out(), seen.out(), "the model computes what it computed");
    assertEquals(List.of(), seen.ids());
    return Json.object(Files.readString(report));
  }

  @ParameterizedTest
  @ValueSource(ints = {25, 17})
  void theSitesOfTheModelAreFound(int version) throws IOException {
    Map<String, Object> census = census(version);
    assertEquals(5L, census.get("passes"));
    assertEquals(3L, census.get("layers"));
    assertEquals(List.of(), census.get("notes"));
    Profile found = ProfileParser.parse((String) census.get("profile"), "found.taps");
    Map<String, Site> byName =
        found.places().stream().collect(Collectors.toMap(Site::name, site -> site));
    Set<String> expected =
        TinyProfile.profile().sites().stream()
            .map(Site::name)
            .collect(Collectors.toCollection(TreeSet::new));
    expected.remove("transcoder_in"); // derived; its place is that of mlp_in
    expected.addAll(List.of("mlp_in", "attn_out"));
    assertEquals(expected, new TreeSet<>(byName.keySet()));
    for (Site written : TinyProfile.profile().sites()) {
      Site there = byName.get(written.name());
      // What a person has written down of this model, but for derived values and its last row.
      if (there != null && !written.name().equals("logits")) {
        assertEquals(written.in().name(), there.in().name(), written.name());
        assertEquals(written.at(), there.at(), written.name());
        assertEquals(written.value(), there.value(), written.name());
        assertEquals(written.layer(), there.layer(), written.name());
      }
    }
    Site tokens = TinyProfile.profile().sites().get(0);
    assertEquals(tokens.position(), byName.get("tokens").position());
    assertEquals(tokens.cache(), byName.get("tokens").cache());
    assertEquals("local normed", byName.get("mlp_in").value().toString());
    assertEquals("local mixed", byName.get("attn_out").value().toString());
  }

  @Test
  void aPlaceIsDescribed() throws IOException {
    List<?> places = (List<?>) census(25).get("places");
    Map<?, ?> mid =
        places.stream()
            .map(p -> (Map<?, ?>) p)
            .filter(p -> "local mid".equals(p.get("value")))
            .findFirst()
            .orElseThrow();
    assertEquals("targets.TinyModel$Block.forward(float[][], int, TinyModel$Cache)", mid.get("in"));
    assertEquals("after store local mid 1 of 1", mid.get("at"));
    assertEquals("float[][]", mid.get("type"));
    assertEquals("3 x 8", mid.get("shape"), "three ids of the prompt, eight numbers");
    assertEquals(15L, mid.get("fires"), "five passes of three layers");
    assertEquals("3 = layers", mid.get("per_pass"));
    assertEquals("resid_mid", mid.get("site"));
    Map<?, ?> argument =
        places.stream()
            .map(p -> (Map<?, ?>) p)
            .filter(p -> ((String) p.get("in")).startsWith("targets.TinyModel$Norm.apply("))
            .filter(p -> "at entry".equals(p.get("at")))
            .findFirst()
            .orElseThrow();
    assertEquals(mid.get("id"), argument.get("same_as"), "the norm is given that very value");
  }

  /** The proposal is a profile: a run with it is whole, and captures what the sites are. */
  @Test
  void whatIsProposedCanBeRun() throws IOException {
    Map<String, Object> census = census(25);
    Path profile = Files.writeString(folder.resolve("found.taps"), (String) census.get("profile"));
    Path out = folder.resolve("run");
    Result captured =
        child(25)
            .agent("profile=" + profile + ",capture=res.*+resid_mid.*+mlp.*+logits,out=" + out)
            .run("n=4");
    assertEquals(0, captured.exit(), captured.err());
    assertEquals(List.of(), captured.ids());
    Shard shard = Shard.readAll(out, "activations").get(0);
    for (int layer = 0; layer < 3; layer++) {
      float[] res = shard.tensor("res." + layer).floats();
      float[] mid = shard.tensor("resid_mid." + layer).floats();
      float[] mlp = shard.tensor("mlp." + layer).floats();
      assertEquals(7 * 8, res.length);
      for (int i = 0; i < res.length; i++) {
        assertEquals(mid[i] + mlp[i], res[i]);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "census=targets..                        | option-missing | needs out=FILE",
        "census=targets.*,out=x                  | option-value   | found 'targets.*'",
        "census=targets..,out=x,profile=gemma2   | option-value   | 'profile' has no place",
        "census=targets..,out=x,census.tensors=y | option-value   | CLASS=CODEC",
        "census=targets..,out=x,census.tensors=a.B=c | codec-missing | TensorCodec",
      })
  void whatCannotBeIsSaidBeforeTheModelRuns(String options, String id, String words) {
    Result result = child(25).agent(options).run("n=1");
    assertTrue(result.exit() == 2 || result.exit() == 3, result.err());
    assertEquals(List.of(id), result.ids(), result.err());
    assertTrue(result.err().contains(words), result.err());
    assertEquals("", result.out());
  }

  @Test
  void packagesThatAreNotThereAreSaid() throws IOException {
    Path report = folder.resolve("census.json");
    Result result = child(25).agent("census=nowhere,out=" + report).run("n=1");
    assertEquals(0, result.exit(), result.err());
    Map<String, Object> census = Json.object(Files.readString(report));
    assertEquals(List.of(), census.get("places"));
    List<Object> notes = new ArrayList<>((List<?>) census.get("notes"));
    assertEquals(
        List.of("No class of these packages was loaded. Look at the package names."), notes);
    assertFalse(Files.exists(folder.resolve("census.json.tmp")));
  }
}
