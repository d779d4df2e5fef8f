package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Models that are GGUF files, and what is no model. */
class SampleModelTest {
  /** A turn's end ends a generation, and not a text. */
  private static final String INFO =
      "{\"context\": 8, \"bos\": 2, \"eos\": [1, 107], \"text_end\": 1, \"padding\": 0}";

  @TempDir private Path folder;

  private Places places;
  private Path gguf;

  @BeforeEach
  void prepare() throws IOException {
    Path none = folder.resolve("none.jar");
    places = new Places(none, none, FakeSample.jar(folder));
    gguf = FakeSample.gguf(folder.resolve("m.gguf"), INFO);
  }

  @Test
  void aGgufFileSaysWhatConfigJsonSays() throws IOException {
    ModelFacts facts = new SampleModel(gguf).facts(places);
    Path config = Files.createDirectory(folder.resolve("configured")).resolve("config.json");
    Files.writeString(
        config, "{\"max_position_embeddings\": 8, \"eos_token_id\": 1, \"pad_token_id\": 0}");
    ModelFacts wanted = new SampleModel(config.getParent()).facts(places);
    assertEquals(OptionalInt.of(8), facts.context());
    assertEquals(wanted.context(), facts.context());
    assertEquals(Set.of(1), facts.ends());
    assertEquals(wanted.ends(), facts.ends());
    assertEquals(Set.of(0), facts.padding());
    assertEquals(wanted.padding(), facts.padding());
  }

  @Test
  void aFolderMayHoldOneGgufFile() throws IOException {
    Path alone = Files.createDirectory(folder.resolve("alone"));
    FakeSample.gguf(alone.resolve("a.GGUF"), INFO);
    assertEquals(
        List.of("generate", "--model", alone.toString()),
        new SampleModel(alone).command(places, "generate").subList(3, 6));
    FakeSample.gguf(alone.resolve("b.gguf"), INFO);
    assertTrue(refused("config-unreadable", alone).contains("nor one .gguf file alone"));
  }

  @Test
  void whatIsNoModelIsSaidBeforeAnythingStarts() throws IOException {
    Path nowhere = folder.resolve("nowhere");
    assertTrue(refused("model-missing", nowhere).contains(nowhere + " does not exist. Give a"));
    Path weights = Files.writeString(folder.resolve("model.safetensors"), "{}");
    assertTrue(
        refused("model-missing", weights)
            .contains("model.safetensors is a file, and not a GGUF file: it does not begin"));
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertTrue(refused("config-unreadable", empty).contains("empty holds neither config.json nor"));
  }

  private String refused(String id, Path model) {
    TapscopeException e =
        assertThrows(
            TapscopeException.class, () -> new SampleModel(model).command(places, "generate"));
    assertEquals(id, e.id());
    assertEquals(1, e.exit());
    assertTrue(e.getMessage().endsWith("Give a folder with config.json, or a .gguf file."));
    return e.getMessage();
  }

  @Test
  void saysWhyTheSampleCannotTell() throws IOException {
    FakeSample.gguf(gguf, "");
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> new SampleModel(gguf).facts(places));
    assertEquals("config-unreadable", e.id());
    assertTrue(
        e.getMessage()
            .contains("exit code 1 and said: fake: [gguf-corrupt] It ends in the middle."),
        e.getMessage());
  }

  @Test
  void aCorpusIsReadInWindowsOfTheFilesContext() {
    HarvestedModel reading = reading("--model", gguf.toString());
    assertEquals(
        List.of("--json", "--window", "8", "--stride", "7"),
        reading.command().subList(reading.command().size() - 5, reading.command().size()));
    assertEquals(Set.of(1), reading.ends());
    assertEquals("m.gguf", names(reading).getLast());
  }

  @Test
  void aCommandMayNameAGgufFile() throws IOException {
    HarvestedModel named = reading("--", "run", "--model=" + gguf, "{corpus}");
    assertEquals(Set.of(1), named.ends());
    assertEquals(Set.of(0), named.padding());
    assertEquals(List.of("m.gguf"), names(named));
    assertEquals(List.of(), LeftOut.of(named, List.of(), List.of()).unknown());
    FakeSample.gguf(gguf, ""); // as of a model that the sample is not for
    HarvestedModel silent = reading("--", "run", gguf.toString(), "{corpus}");
    LeftOut leftOut = LeftOut.of(silent, List.of(), List.of());
    assertEquals(List.of("eos", "pad"), leftOut.unknown());
    assertEquals("", told(named));
    assertTrue(
        told(silent)
            .matches(
                "(?s)of a model that the command names, no end of a text is known.*asked about"
                    + " .*m\\.gguf: .*\\[gguf-corrupt] It ends in the middle\\. .*"),
        told(silent));
  }

  private static String told(HarvestedModel model) {
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    model.tellSilent(Screens.of(OutputStream.nullOutputStream(), errors));
    return errors.toString(StandardCharsets.UTF_8);
  }

  private HarvestedModel reading(String... arguments) {
    return CommandLine.populateCommand(new CorpusModelFlags(), arguments).reading(places);
  }

  private static List<String> names(HarvestedModel model) {
    return model.files().stream().map(file -> file.file()).toList();
  }

  @Test
  void documentsEndWithTheEndOfATextAndNotOfATurn() throws IOException {
    Path corpus = Files.writeString(folder.resolve("corpus.jsonl"), "{\"text\": \"a\"}\n");
    CorpusDocuments documents =
        CorpusDocuments.gather(Corpus.of(List.of(corpus)), folder)
            .ended(new SampleModel(gguf), reading("--model", gguf.toString()).ends(), places);
    String line = Files.readString(documents.file());
    assertTrue(line.matches("\\{\"id\":\"x\",\"ids\":\\[2,[0-9]+,1]}\\s+"), line);
  }
}
