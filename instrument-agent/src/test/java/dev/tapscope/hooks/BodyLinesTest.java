package dev.tapscope.hooks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BodyLinesTest {
  private static final Path TARGETS = ChildJvm.location(targets.TinyModel.class);

  @TempDir Path folder;

  private int accept(Path file) {
    try (ClassPath classes = ClassPath.open(List.of(TARGETS))) {
      return BodyLines.accept(WrittenProfile.read(file.toString()), classes);
    }
  }

  private CheckReport check(Path file) {
    try (ClassPath classes = ClassPath.open(List.of(TARGETS))) {
      return ProfileCheck.of(WrittenProfile.read(file.toString()), classes);
    }
  }

  @Test
  void everyTapIsBoundAndTheRestOfTheFileStays() throws IOException {
    String written = "# mine\n" + TinyProfile.text() + "# the end\n";
    Path file = Files.writeString(folder.resolve("tiny.taps"), written);
    int taps = TinyProfile.profile().sites().size();
    assertEquals(taps, accept(file));
    List<String> lines = Files.readAllLines(file);
    assertEquals(taps, lines.stream().filter(l -> l.matches("  body   [0-9a-f]{8}")).count());
    assertEquals(
        written.lines().toList(), lines.stream().filter(l -> !l.contains("body ")).toList());
    assertEquals(List.of(), check(file).misfits());
    assertEquals(0, accept(file), "there is nothing left to accept");
    assertFalse(Files.exists(folder.resolve("tiny.taps.tmp")));
  }

  @Test
  void anotherBodyIsAMisfitUntilItIsAccepted() throws IOException {
    Path file = Files.writeString(folder.resolve("tiny.taps"), TinyProfile.text());
    accept(file);
    String bound = Files.readString(file);
    Files.writeString(
        file, bound.replaceFirst("  body   [0-9a-f]{8}", "  body   00000000  # as of v1"));
    assertEquals(
        List.of("body-changed"), check(file).misfits().stream().map(SiteFinding::id).toList());
    assertEquals(1, accept(file));
    assertEquals(List.of(), check(file).misfits());
    assertEquals(
        bound.replace("  # as of v1", ""), Files.readString(file).replace("  # as of v1", ""));
    assertTrue(Files.readString(file).contains("  # as of v1"), "the comment stays");
  }

  @Test
  void aBuiltInProfileIsNotWritten() {
    TapscopeException refused =
        assertThrows(TapscopeException.class, () -> accept(Path.of("gemma2")));
    assertEquals("profile-built-in", refused.id());
  }
}
