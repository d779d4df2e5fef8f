package dev.tapscope.hooks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ChildJvm;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassPathTest {
  @TempDir Path folder;

  private static byte[] bytes(Class<?> type) throws IOException {
    try (InputStream in = type.getResourceAsStream(type.getSimpleName() + ".class")) {
      return in.readAllBytes();
    }
  }

  @Test
  void jarsFoldersAndFilesAreReadAlike() throws IOException {
    Path jar = ChildJvm.jar(folder.resolve("a.jar"), Map.of(), Map.of(), targets.Ops.class);
    Path classes = Files.createDirectories(folder.resolve("classes/targets"));
    Files.write(classes.resolve("Ops.class"), bytes(targets.Ops.class));
    Path file = Files.write(folder.resolve("renamed.class"), bytes(targets.Ops.class));
    for (Path path : List.of(jar, classes.getParent(), file)) {
      try (ClassPath found = ClassPath.open(List.of(path))) {
        assertEquals(Set.of("targets.Ops"), found.names());
        ClassFile ops = found.find("targets.Ops").orElseThrow();
        assertArrayEquals(bytes(targets.Ops.class), ops.bytes());
        assertEquals(path.toString(), ops.origin());
        assertEquals(List.of(), found.notes());
        assertTrue(found.find("targets.Block").isEmpty());
      }
    }
  }

  @Test
  void theFirstOfTwoClassesCounts() throws IOException {
    Path first = ChildJvm.jar(folder.resolve("1.jar"), Map.of(), Map.of(), targets.Ops.class);
    Path second = ChildJvm.jar(folder.resolve("2.jar"), Map.of(), Map.of(), targets.Ops.class);
    try (ClassPath found = ClassPath.open(List.of(first, second))) {
      assertEquals(first.toString(), found.find("targets.Ops").orElseThrow().origin());
      assertEquals(1, found.notes().size());
      assertTrue(found.notes().get(0).contains("2.jar adds no class"), found.notes()::toString);
    }
  }

  @Test
  void aMultiReleaseJarGivesWhatThisJavaWouldLoadAndSaysSo() throws IOException {
    Path jar =
        ChildJvm.jar(
            folder.resolve("mr.jar"),
            Map.of("Multi-Release", "true"),
            Map.of(
                "a/B.class", "base",
                "META-INF/versions/9/a/B.class", "nine",
                "META-INF/versions/11/a/B.class", "eleven",
                "META-INF/versions/99/a/B.class", "later"));
    try (ClassPath found = ClassPath.open(List.of(jar))) {
      assertEquals(Set.of("a.B"), found.names());
      assertArrayEquals(
          "eleven".getBytes(StandardCharsets.UTF_8), found.find("a.B").orElseThrow().bytes());
      assertEquals(1, found.notes().size());
      String note = found.notes().get(0);
      assertTrue(note.contains("1 class is taken from META-INF/versions"), note);
      assertTrue(note.contains("META-INF/versions/11/a/B.class"), note);
    }
  }

  @Test
  void whatIsNoClassPathIsSaid() throws IOException {
    TapscopeException nowhere = refused("nowhere.jar");
    assertEquals("path-missing", nowhere.id());
    assertEquals(TapscopeException.USAGE, nowhere.exit());
    Files.writeString(folder.resolve("text.jar"), "no jar");
    assertEquals("path-unreadable", refused("text.jar").id());
    Files.writeString(folder.resolve("text.class"), "no class");
    TapscopeException damaged = refused("text.class");
    assertEquals("path-unreadable", damaged.id());
    assertTrue(damaged.getMessage().contains("it is no class file"), damaged.getMessage());
  }

  private TapscopeException refused(String name) {
    return assertThrows(
        TapscopeException.class, () -> ClassPath.open(List.of(folder.resolve(name))).close());
  }
}
