package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class HooksListTest {
  private static final String TARGETS =
      targets.TinyModel.class.getProtectionDomain().getCodeSource().getLocation().getPath();

  private Typed typed = new Typed(0, "", "");

  private int list(String... more) {
    List<String> words = new ArrayList<>(List.of("hooks", "list", TARGETS));
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
