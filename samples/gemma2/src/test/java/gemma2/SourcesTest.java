package gemma2;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The model must not know that it is looked at, and must need nothing but a JDK. */
class SourcesTest {

  private static final Pattern FOREIGN_IMPORT =
      Pattern.compile(
          "(?m)^import (static"
              + " )?+(?!gemma2\\.|java\\.|com\\.sun\\.management\\.|jdk\\.incubator\\.vector\\.)");

  @Test
  void nameNoOneElse() throws IOException {
    List<Path> sources;
    try (Stream<Path> files = Files.walk(Path.of("src", "main"))) {
      sources = files.filter(Files::isRegularFile).toList();
    }
    assertTrue(sources.size() > 30, "the sources are where they should be");
    for (Path source : sources) {
      String text = Files.readString(source);
      assertFalse(text.toLowerCase(Locale.ROOT).contains("tapscope"), source.toString());
      assertFalse(FOREIGN_IMPORT.matcher(text).find(), source.toString());
    }
  }
}
