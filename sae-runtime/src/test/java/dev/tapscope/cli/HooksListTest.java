package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class HooksListTest {
  private static final String TARGETS =
      targets.TinyModel.class.getProtectionDomain().getCodeSource().getLocation().getPath();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int list(String... more) {
    List<String> words = new ArrayList<>(List.of("hooks", "list", TARGETS));
    words.addAll(List.of(more));
    Screen screen =
        new Screen(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Map.of(),
            false,
            OptionalInt.empty());
    Path none = Path.of("missing.jar");
    return Tapscope.run(screen, new Places(none, none, none), words.toArray(String[]::new));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void everyLineCanBePasted() {
    assertEquals(0, list("targets.Block.forward"), this::err);
    List<String> lines = out().lines().toList();
    assertEquals("in     targets.Block.forward(float[], int)", lines.get(0));
    assertTrue(lines.get(1).matches("body   [0-9a-f]{8}"), out());
    assertTrue(lines.contains("# calls"), out());
    assertTrue(
        lines.contains("after call Ops.accumulate(float[], float[]) 2 of 2  # void, line 24"),
        out());
    assertTrue(lines.stream().anyMatch(l -> l.matches("arg 0 +# float\\[\\].*")), out());
  }

  @Test
  void jsonSaysTheSame() {
    assertEquals(0, list("targets.Block.forward", "--json"), this::err);
    JsonNode document = new JsonMapper().readTree(out());
    assertEquals("tapscope-hooks-list/1", document.get("schema").stringValue());
    JsonNode call = document.get("calls").get(1);
    assertEquals(
        "after call Ops.accumulate(float[], float[]) 1 of 2", call.get("text").stringValue());
    assertEquals("void", call.get("type").stringValue());
  }

  @Test
  void whatIsNotThereIsACheckThatFailed() {
    assertEquals(3, list("targets.Block.forwrd"));
    assertTrue(err().startsWith("tapscope: [method-missing] Wanted the method"), err());
    assertEquals("", out());
  }
}
