package dev.tapscope.hooks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LineDiffTest {
  @Test
  void aChangeIsShownWithThreeLinesAround() {
    List<String> before = List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
    List<String> after = List.of("a", "b", "c", "d", "E", "f", "g", "h", "i", "j");
    assertEquals(
        List.of("...", " b", " c", " d", "-e", "+E", " f", " g", " h", "..."),
        LineDiff.of(before, after));
  }

  @Test
  void changesFarApartAreTwoHunks() {
    List<String> before = Stream.iterate(0, i -> i + 1).limit(20).map(String::valueOf).toList();
    List<String> after = Stream.concat(before.stream(), Stream.of("end")).skip(1).toList();
    assertEquals(
        List.of("-0", " 1", " 2", " 3", "...", " 17", " 18", " 19", "+end"),
        LineDiff.of(before, after));
  }

  @Test
  void equalTextsHaveNone() {
    assertEquals(List.of(), LineDiff.of(List.of("a"), List.of("a")));
    assertEquals(List.of(), LineDiff.of(List.of(), List.of()));
    assertEquals(List.of("+a"), LineDiff.of(List.of(), List.of("a")));
    assertEquals(List.of("-a"), LineDiff.of(List.of("a"), List.of()));
  }

  @Test
  void theScriptLeadsFromOneToTheOtherByTheFewestEdits() {
    Random random = new Random(7);
    for (int trial = 0; trial < 300; trial++) {
      List<String> before = lines(random);
      List<String> after = lines(random);
      List<String> script = new LineDiff(before, after).script();
      assertEquals(before, marked(script, " -"));
      assertEquals(after, marked(script, " +"));
      int common = longestCommon(before, after);
      assertEquals(common, marked(script, " ").size());
    }
  }

  private static List<String> lines(Random random) {
    return random.ints(random.nextInt(12), 0, 4).mapToObj(String::valueOf).toList();
  }

  private static List<String> marked(List<String> script, String marks) {
    return script.stream()
        .filter(line -> marks.indexOf(line.charAt(0)) >= 0)
        .map(line -> line.substring(1))
        .toList();
  }

  /** Length of the longest common subsequence, by the textbook table. */
  private static int longestCommon(List<String> a, List<String> b) {
    int[][] best = new int[a.size() + 1][b.size() + 1];
    IntStream.rangeClosed(1, a.size())
        .forEach(i ->
            IntStream.rangeClosed(1, b.size())
                .forEach(j ->
                    best[i][j] =
                        a.get(i - 1).equals(b.get(j - 1))
                            ? best[i - 1][j - 1] + 1
                            : Math.max(best[i - 1][j], best[i][j - 1])));
    return best[a.size()][b.size()];
  }
}
