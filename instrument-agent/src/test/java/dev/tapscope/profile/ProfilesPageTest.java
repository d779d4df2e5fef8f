package dev.tapscope.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code PROFILES.md} shows is true. */
class ProfilesPageTest {
  private static final Pattern BLOCK = Pattern.compile("```(\\w*)\\n(.*?)```", Pattern.DOTALL);

  private static String page() throws IOException {
    return Files.readString(Path.of("PROFILES.md"));
  }

  private static List<String> blocks() throws IOException {
    return BLOCK
        .matcher(page())
        .results()
        .filter(block -> block.group(1).isEmpty())
        .map(block -> block.group(2))
        .toList();
  }

  private static final Pattern NO_FIT = Pattern.compile("new NoFit\\(\\s*\"([a-z-]+)\"");

  @Test
  void everyExampleReads() throws IOException {
    String tokens = "tap tokens\n in a.B.f\n entry\n value arg 0\n pos 0\n";
    List<String> taps = blocks().stream().filter(block -> block.startsWith("tap ")).toList();
    assertEquals(11, taps.size());
    for (String tap : taps) {
      assertEquals(2, ProfileParser.parse("profile p\n" + tap + tokens, "page").sites().size());
    }
    List<String> profiles =
        blocks().stream().filter(block -> block.startsWith("profile demo")).toList();
    assertEquals(1, profiles.size());
    assertEquals(2, ProfileParser.parse(profiles.get(0), "page").sites().size());
  }

  /** The page and the Javadoc of the parser have one grammar. */
  @Test
  void theGrammarIsThatOfTheParser() throws IOException {
    String grammar =
        blocks().stream()
            .filter(block -> block.startsWith("profile    ="))
            .findFirst()
            .orElseThrow();
    String source =
        Files.readString(Path.of("src/main/java/dev/tapscope/profile/ProfileParser.java"));
    String javadoc = source.replaceAll("(?m)^ \\* ?", "");
    assertTrue(javadoc.contains(grammar), "the grammars differ");
  }

  /** Whatever a misfit may be called, the page and the Javadoc explain it. */
  @Test
  void everyMisfitIsExplained() throws IOException {
    Path weave = Path.of("src/main/java/dev/tapscope/weave");
    String misfit = Files.readString(weave.resolve("Misfit.java"));
    Set<String> ids = new TreeSet<>();
    try (Stream<Path> sources = Files.list(weave)) {
      for (Path source : sources.toList()) {
        NO_FIT.matcher(Files.readString(source)).results().forEach(id -> ids.add(id.group(1)));
      }
    }
    assertTrue(ids.size() > 20, ids.toString());
    for (String id : ids) {
      assertTrue(page().contains("`" + id + "`"), id + " is not in the page");
      assertTrue(misfit.replaceAll("\\s+\\*?\\s*", " ").contains("{@code " + id + "}"), id);
    }
  }
}
