package dev.tapscope.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir private Path folder;

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void takesThePlaceOfAnEarlierFileWhenItIsWhole() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "earlier, and longer");
    WholeFile.writeThrough(
        file,
        out -> {
          out.write(new byte[100_000]);
          assertEquals("earlier, and longer", Files.readString(file));
          assertEquals(List.of("a.txt", "a.txt.tmp"), files());
          assertTrue(WholeFile.isPart(folder.resolve("a.txt.tmp")));
        });
    assertEquals(100_000, Files.size(file));
    WholeFile.write(file, "A\u00f1o");
    assertEquals("A\u00f1o", Files.readString(file));
    assertEquals(List.of("a.txt"), files());
    assertFalse(WholeFile.isPart(file));
  }

  @Test
  void whatFailsLeavesNothingButTheEarlierFile() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "earlier");
    WholeFile.Content full =
        out -> {
          out.write(new byte[100_000]);
          throw new IOException("No space left on device");
        };
    assertThrows(IOException.class, () -> WholeFile.writeThrough(file, full));
    TapscopeException e = assertThrows(TapscopeException.class, () -> WholeFile.write(file, full));
    assertEquals("file-unwritable", e.id());
    assertTrue(e.getMessage().contains("No space left on device"), e.getMessage());
    assertThrows(
        IllegalStateException.class,
        () ->
            WholeFile.write(
                file,
                out -> {
                  throw new IllegalStateException();
                }));
    assertEquals("earlier", Files.readString(file));
    assertEquals(List.of("a.txt"), files());
  }

  /** What lies under the other name and is not ours stays. */
  @Test
  void aFileThatCannotBeBegunIsASentence() throws IOException {
    Files.createDirectory(folder.resolve("a.txt.tmp"));
    TapscopeException e =
        assertThrows(
            TapscopeException.class, () -> WholeFile.write(folder.resolve("a.txt"), "text"));
    assertEquals("file-unwritable", e.id());
    assertEquals(List.of("a.txt.tmp"), files());
    assertThrows(
        TapscopeException.class, () -> WholeFile.write(folder.resolve("none/a.txt"), "text"));
  }
}
