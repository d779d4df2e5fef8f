package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.live.LivePass;
import dev.tapscope.live.Passes;
import dev.tapscope.store.Asked;
import dev.tapscope.tap.TapscopeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A model in a JVM of its own, started by a script without the agent: see {@link FakeModel}. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class TappedModelTest {
  @TempDir private Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Path script;
  private Places places;

  @BeforeEach
  void prepare() throws IOException {
    places =
        new Places(
            Files.createFile(folder.resolve("agent.jar")),
            folder.resolve("none.jar"),
            folder.resolve("none.jar"));
    script =
        Files.writeString(
            folder.resolve("run.sh"),
            """
            options=${JAVA_TOOL_OPTIONS##*=@}
            unset JAVA_TOOL_OPTIONS
            "%s" -cp "%s" dev.tapscope.cli.FakeModel "${options%%?}" "$1"
            """
                .formatted(Places.java(), System.getProperty("java.class.path")));
  }

  /** Two documents a piece. */
  private TappedModel model(String... documents) throws IOException {
    Path file = Files.write(folder.resolve("corpus.txt"), List.of(documents));
    Corpus corpus = Corpus.of(List.of(file));
    HarvestedModel command =
        new HarvestedModel(
            List.of("sh", script.toString(), HarvestedModel.CORPUS), List.of(), List.of());
    Asked asked =
        new Asked(
            "res.3",
            "f32",
            "gemma2",
            command.command(),
            command.files(),
            corpus.files(),
            2,
            List.of(),
            List.of());
    return new TappedModel(
        command, corpus, asked, places, Screens.of(OutputStream.nullOutputStream(), err));
  }

  private static List<Integer> read(TappedModel model, int piece) {
    List<Integer> sequences = new ArrayList<>();
    try (Passes passes = model.run(piece)) {
      for (Optional<LivePass> pass = passes.next(); pass.isPresent(); pass = passes.next()) {
        sequences.add(pass.get().sequence());
      }
    }
    return sequences;
  }

  @Test
  void runsEachPieceInAJvmOfItsOwn() throws IOException {
    try (TappedModel model = model("a", "b", "c")) {
      assertEquals(2, model.pieces());
      assertEquals(List.of(0, 1), read(model, 0));
      assertEquals(List.of(0), read(model, 1));
      assertEquals(List.of(0, 1), read(model, 0), "again, from the beginning");
    }
    assertEquals("", err.toString(StandardCharsets.UTF_8), "what it says is for when it fails");
  }

  @Test
  void aModelThatFailsIsToldWithWhatItSaid() throws IOException {
    String sentence = refused("model-stopped", 3, "a", "poison");
    assertTrue(sentence.startsWith("Piece 0, documents 0 to 1 of the corpus,"), sentence);
    assertTrue(sentence.contains("exit code 3"), sentence);
    assertTrue(err.toString(StandardCharsets.UTF_8).contains("cannot compute poison"), sentence);
  }

  @Test
  void aModelThatEndsWellAndSaysNothingIsNoModel() throws IOException {
    assertTrue(refused("model-silent", 1, "silence").contains("no Java in it computed a pass"));
    assertTrue(refused("stream-broken", 1, "a", "halt").contains("broke off (end of the stream)"));
    assertTrue(
        refused("documents-untold", 1, "a", "skipped").contains("2 documents, and the model"));
  }

  private String refused(String id, int exit, String... documents) throws IOException {
    try (TappedModel model = model(documents)) {
      TapscopeException e = assertThrows(TapscopeException.class, () -> read(model, 0), id);
      assertEquals(id, e.id(), e.getMessage());
      assertEquals(exit, e.exit());
      return e.getMessage();
    }
  }

  /** Long before the model is done, and while it waits for its reader. */
  @Test
  void whatIsStoppedLeavesNoProcess() throws IOException {

    try (TappedModel model = model("a", "b")) {
      Passes passes = model.run(0);
      passes.next();
      model.stop();
      TapscopeException e =
          assertThrows(
              TapscopeException.class,
              () -> {
                while (passes.next().isPresent()) {
                  Thread.onSpinWait();
                }
              });
      assertEquals("stopped", e.id());
      passes.close();
      assertEquals(0, ProcessHandle.current().children().filter(ProcessHandle::isAlive).count());
      assertEquals(
          "stopped", assertThrows(TapscopeException.class, () -> read(model, 0)).id(), "for good");
    }
  }

  @Test
  void anotherCorpusIsAnotherIdentity() throws IOException {
    String one;
    try (TappedModel model = model("a", "b")) {
      one = model.identity();
      assertEquals(one, model.identity());
    }
    try (TappedModel model = model("a", "c")) {
      assertTrue(!one.equals(model.identity()), one);
    }
  }
}
