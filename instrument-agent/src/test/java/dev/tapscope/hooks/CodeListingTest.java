package dev.tapscope.hooks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.hooks.CodeListing.Entry;
import dev.tapscope.hooks.CodeListing.Section;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodeListingTest {
  private static final Path TARGETS = ChildJvm.location(targets.TinyModel.class);

  @TempDir Path folder;

  private static CodeListing list(String method, Integer... lambdas) {
    try (ClassPath classes = ClassPath.open(List.of(TARGETS))) {
      return CodeListing.of(classes, method, List.of(lambdas));
    }
  }

  private static List<Entry> section(CodeListing listing, String kind) {
    return listing.sections().stream()
        .filter(s -> s.kind().equals(kind))
        .map(Section::entries)
        .findFirst()
        .orElse(List.of());
  }

  @Test
  void aMethodIsListedAsLinesOfAProfile() {
    CodeListing listing = list("targets.Block.forward");
    assertEquals("targets.Block.forward(float[], int)", listing.in());
    assertTrue(listing.named());
    List<String> calls = section(listing, "calls").stream().map(Entry::text).toList();
    assertEquals(
        List.of(
            "after call Block.scale(float[], float) 1 of 1",
            "after call Ops.accumulate(float[], float[]) 1 of 2",
            "after call Ops.accumulate(float[], float[]) 2 of 2"),
        calls);
    assertEquals("float[]", section(listing, "calls").get(0).type());
    assertEquals("line 23", section(listing, "calls").get(1).where());
    List<String> stores = section(listing, "stores").stream().map(Entry::text).toList();
    assertTrue(stores.contains("after store local out 1 of 1"), stores::toString);
    List<String> loops = section(listing, "loops").stream().map(Entry::text).toList();
    assertTrue(loops.stream().anyMatch(l -> l.startsWith("loop local i end")), loops::toString);
    List<Entry> variables = section(listing, "variables");
    assertTrue(
        variables.stream().anyMatch(v -> v.text().equals("arg 0") && v.type().equals("float[]")),
        variables::toString);
  }

  /** Whatever is listed is what a profile may say: each line is pasted and checked. */
  @Test
  void everyStoreFitsWhenPasted() throws IOException {
    CodeListing listing = list("targets.TinyModel$Block.forward");
    int checked = 0;
    for (Entry store : section(listing, "stores")) {
      if (!store.text().matches("after store local (mid|normed|mlp|out|mixed|pattern) .*")) {
        continue; // of other types than tensors
      }
      String local = store.text().split(" ")[3];
      String tap =
          "\ntap pasted\n  in " + listing.in() + "\n  " + store.text() + "\n  value local " + local;
      Path file =
          Files.writeString(
              folder.resolve("p.taps"), TinyProfile.text() + tap + "\n  layer this.layer\n");
      try (ClassPath classes = ClassPath.open(List.of(TARGETS))) {
        CheckReport report = ProfileCheck.of(WrittenProfile.read(file.toString()), classes);
        assertEquals(List.of(), report.misfits());
      }
      checked++;
    }
    assertEquals(6, checked);
  }

  @Test
  void aLambdaIsListedByItsNumber() {
    CodeListing main = list("targets.TinyModel.main");
    assertEquals(1, section(main, "lambdas").size());
    CodeListing body = list("targets.TinyModel.main", 1);
    assertEquals(section(main, "lambdas").get(0).text(), "in " + body.in());
    List<String> calls = section(body, "calls").stream().map(Entry::text).toList();
    assertTrue(calls.stream().anyMatch(c -> c.contains("TinyModel.generate(")), calls::toString);
  }

  @Test
  void aClassMayBeShortWhereThatIsClear() {
    assertEquals("targets.TinyModel$Norm.apply(float[][])", list("TinyModel$Norm.apply").in());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          Block.forward | 3 | class-ambiguous | targets.Block && targets.TinyModel$Block && Write one of them in full.
          Blok.forward | 3 | class-missing | The nearest: targets.Block
          targets.Block.forwrd | 3 | method-missing | Write: in targets.Block.forward(float[], int).
          targets.Members$Concrete.apply | 3 | method-ambiguous | apply(float[]) && apply(float[], int)
          targets.Members.remote | 3 | method-body | a native method
          forward | 2 | profile-syntax | Owner.name
          """)
  void whatIsNotThereIsSaid(String method, int exit, String id, String parts) {
    TapscopeException error = assertThrows(TapscopeException.class, () -> list(method));
    assertEquals(id, error.id(), error.getMessage());
    assertEquals(exit, error.exit(), error.getMessage());
    for (String part : parts.split(" && ", -1)) {
      assertTrue(error.getMessage().contains(part), error.getMessage());
    }
  }

  @Test
  void aLambdaThatIsNotThereIsSaid() {
    TapscopeException none =
        assertThrows(TapscopeException.class, () -> list("targets.Block.forward", 1));
    assertEquals("lambda-count", none.id());
    TapscopeException other =
        assertThrows(TapscopeException.class, () -> list("targets.TinyModel.main", 2));
    assertTrue(other.getMessage().contains("found 1, counted from 1, at line "), other.toString());
  }
}
