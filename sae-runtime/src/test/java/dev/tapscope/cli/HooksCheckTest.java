package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class HooksCheckTest {
  private static final String PROFILE =
      """
      profile small for a fixture
      tap tokens
        in     targets.TinyModel.forward(int[], int, Cache)
        at     entry
        value  arg 0
        pos    arg 1
        cache  arg 2
      tap res
        in     targets.TinyModel$Block.forward(float[][], int, Cache)
        after  store local out 1 of 1
        value  local out
        layer  this.layer
      """;

  private static final String TARGETS =
      targets.TinyModel.class.getProtectionDomain().getCodeSource().getLocation().getPath();

  @TempDir private Path folder;

  private Typed typed = new Typed(0, "", "");

  private int check(String profile, String... more) throws IOException {
    Path file = Files.writeString(folder.resolve("small.taps"), profile);
    List<String> words = new ArrayList<>(List.of("hooks", "check", file.toString()));
    words.add(TARGETS);
    words.addAll(List.of(more));
    typed = Typed.command(words.toArray(String[]::new));
    return typed.exit();
  }

  private String out() {
    return typed.out();
  }

  private String err() {
    return typed.err();
  }

  @Test
  void aProfileThatFitsIsATableAndExitCodeZero() throws IOException {
    assertEquals(0, check(PROFILE), this::err);
    List<String> lines = out().lines().toList();
    assertTrue(lines.get(0).matches(" +site +method +place +value +type +how +size"), out());
    assertTrue(
        lines
            .get(1)
            .matches(
                "ok +tokens +TinyModel.forward +at entry, line \\d+ +arg 0 +int\\[\\] "
                    + "+assignable +\\d+ to \\d+ bytes"),
        out());
    assertTrue(lines.get(2).contains("after store local out 1 of 1, line "), out());
    assertTrue(out().contains("profile small: 2 ok, 0 misfits, in "), out());
    assertEquals("", err());
  }

  @Test
  void aMisfitIsASentenceAndExitCodeThree() throws IOException {
    assertEquals(3, check(PROFILE.replace("out 1 of 1", "out 1 of 2")));
    assertTrue(out().lines().anyMatch(l -> l.matches("misfit +res +.* store-count")), out());
    assertTrue(out().contains("res (line 8 of the profile): Wanted 1 of 2 stores"), out());
    assertTrue(out().contains("write: after store local out 1 of 1."), out());
    assertTrue(
        err().startsWith("tapscope: [profile-misfit] 1 of the 2 taps of profile 'small'"), err());
  }

  @Test
  void jsonSaysTheSame() throws IOException {
    assertEquals(3, check(PROFILE.replace("out 1 of 1", "out 1 of 2"), "--json"));
    JsonNode document = new JsonMapper().readTree(out());
    assertEquals("tapscope-hooks-check/1", document.get("schema").asString());
    assertFalse(document.get("ok").asBoolean());
    JsonNode tokens = document.get("sites").get(0);
    assertTrue(tokens.get("fits").asBoolean());
    assertEquals("int[]", tokens.get("type").asString());
    assertTrue(tokens.get("bytes_after").asInt() > tokens.get("bytes_before").asInt());
    JsonNode res = document.get("sites").get(1);
    assertFalse(res.get("fits").asBoolean());
    assertEquals("store-count", res.get("id").asString());
    assertEquals(8, res.get("line").asInt());
  }

  @Test
  void theDumpIsWrittenBesideTheTable() throws IOException {
    Path dump = folder.resolve("woven");
    assertEquals(0, check(PROFILE, "--dump", dump.toString()), this::err);
    String diff = Files.readString(dump.resolve("targets.TinyModel$Block.diff"));
    assertTrue(diff.contains("+    INVOKEDYNAMIC tap("), diff);
    assertTrue(Files.exists(dump.resolve("targets.TinyModel.orig.class")));
    assertTrue(err().contains("wrote 2 woven classes with their differences"), err());
  }
}
