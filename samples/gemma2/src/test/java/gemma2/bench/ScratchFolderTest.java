package gemma2.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchFolderTest {

  @TempDir Path folder;

  @Test
  void isGoneWithAllThatIsInIt() throws IOException {
    Path path;
    try (ScratchFolder scratch = ScratchFolder.temporary()) {
      path = scratch.path();
      Files.writeString(Files.createDirectory(path.resolve("deeper")).resolve("file"), "text");
    }
    assertFalse(Files.exists(path));
  }

  @Test
  void isKeptUnderItsName() throws IOException {
    Path target = folder.resolve("kept");
    try (ScratchFolder scratch = ScratchFolder.beside(target)) {
      Files.writeString(scratch.path().resolve("file"), "text");
      assertFalse(Files.exists(target), "not before it is whole");
      scratch.keepAs(target);
    }
    assertEquals("text", Files.readString(target.resolve("file")));
    assertEquals(1, folder.toFile().list().length);
  }

  @Test
  void overwritesNothing() throws IOException {
    Path target = Files.createDirectory(folder.resolve("there"));
    assertRefused("exists, and nothing is overwritten", target);
    assertRefused("exists, and nothing is overwritten", folder.resolve("there/.."));
    assertRefused("its parent is missing", folder.resolve("none/such"));
    Path later = folder.resolve("later");
    try (ScratchFolder scratch = ScratchFolder.beside(later)) {
      Files.createDirectory(later);
      assertThrows(InputException.class, () -> scratch.keepAs(later));
    }
    assertEquals(2, folder.toFile().list().length, "only what others made");
  }

  private static void assertRefused(String why, Path target) {
    String message =
        assertThrows(InputException.class, () -> ScratchFolder.beside(target).close()).getMessage();
    assertTrue(message.contains(why), message);
  }
}
