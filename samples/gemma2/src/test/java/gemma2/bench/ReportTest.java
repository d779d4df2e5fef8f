package gemma2.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.bench.Bench.Round;
import gemma2.io.Fields;
import gemma2.io.Json;
import gemma2.io.JsonWriter;
import gemma2.math.PlainKernels;
import gemma2.math.Workers;
import gemma2.testing.RandomModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The model of {@link WorkTest}: 76,824 bytes a token, 189,684 FLOP for a prompt of 7. With 32
 * tokens in 2 s it reads 1,229,184 bytes/s; with the prompt in 0.5 s it does 379,368 FLOP/s.
 */
class ReportTest {

  private static final Bench.Settings SETTINGS = new Bench.Settings(7, 32, 5, 4, 3, 0);

  @TempDir static Path folder;
  private static Subject subject;

  @BeforeAll
  static void load() {
    new RandomModel().write(folder);
    subject = Subject.load(folder, OptionalInt.empty(), new PlainKernels(), new Workers(1));
  }

  private static Round round(double streamed, double fma) {
    return new Round(streamed, 2, OptionalLong.of(6400), fma, 0.5);
  }

  private static Report report(Round... rounds) {
    return report(Optional.empty(), rounds);
  }

  private static Report report(Optional<Report.Baseline> baseline, Round... rounds) {
    Runner runner = new Runner(subject, subject, new Workers(1));
    return new Report(runner, SETTINGS, List.of(rounds), baseline, OptionalLong.empty());
  }

  private static Fields json(Report report) {
    return Fields.of("report", Json.parse("report", JsonWriter.write(report.values())));
  }

  @Test
  void dividesByTheCeilingsOfTheSameRound() {
    Report report =
        report(round(2_458_368, 379_368), round(1_229_184, 758_736), round(4_916_736, 1_517_472));
    Fields decode = json(report).object("decode");
    assertSpread(0.5, 0.25, 1, decode.object("ratio"));
    assertSpread(16, 16, 16, decode.object("tokens_per_second"));
    assertSpread(1_229_184, 1_229_184, 1_229_184, decode.object("weight_bytes_per_second"));
    assertSpread(200, 200, 200, decode.object("allocated_bytes_per_token"));
    Fields prefill = json(report).object("prefill");
    assertSpread(0.5, 0.25, 1, prefill.object("ratio"));
    assertSpread(14, 14, 14, prefill.object("tokens_per_second"));
    assertEquals(3, json(report).array("rounds").size());
  }

  /** Twice, three times and one and a half times as fast; the middle is not that of the rates. */
  @Test
  void comparesWithTheBaselineOfTheSameRound() {
    Round once = new Round(100, 6, OptionalLong.of(0), 10, 1);
    Round busy = new Round(50, 12, OptionalLong.of(0), 5, 3);
    Report.Baseline alone = new Report.Baseline(1, List.of(once, busy, once));
    Report report =
        report(
            Optional.of(alone),
            new Round(150, 3, OptionalLong.of(0), 20, 0.5),
            new Round(100, 4, OptionalLong.of(0), 10, 2),
            new Round(200, 4, OptionalLong.of(0), 19, 0.8));
    Fields baseline = json(report).object("baseline");
    assertEquals(1, baseline.integer("threads", 0, 9));
    assertSpread(2, 1.5, 3, baseline.object("decode_times"));
    assertSpread(2, 1.5, 2, baseline.object("streamed_times"));
    assertSpread(1.5, 1.25, 2, baseline.object("prefill_times"));
    assertSpread(2, 1.9, 2, baseline.object("fma_times"));
    assertEquals(3, baseline.array("rounds").size());
    String table = report.table();
    assertTrue(
        table.matches("(?s).*times 1 thread\\R  decode +2\\.000 +1\\.500 +3\\.000\\R.*"), table);
  }

  @Test
  void takesTheMiddleOfAnEvenNumberOfRounds() {
    Report report = report(round(1_229_184, 379_368), round(2_458_368, 379_368));
    assertSpread(0.75, 0.5, 1, json(report).object("decode").object("ratio"));
  }

  @Test
  void leavesOutWhatIsNotKnown() {
    Report report = report(new Round(1, 2, OptionalLong.empty(), 1, 1));
    assertFalse(json(report).object("decode").names().contains("allocated_bytes_per_token"));
    assertFalse(json(report).names().contains("peak_resident_bytes"));
    assertFalse(json(report).names().contains("baseline"));
    assertFalse(report.table().contains("allocated"), report.table());
  }

  @Test
  void saysInWordsWhatTheRatiosAre() {
    String table = report(round(2_458_368, 758_736)).table();
    assertTrue(table.matches("(?s).*decode ratio +0\\.500 +0\\.500 +0\\.500\n.*"), table);
    assertTrue(table.matches("(?s).*prefill ratio +0\\.500 +0\\.500 +0\\.500\n.*"), table);
    assertTrue(table.contains("A token reads 76,824 bytes"), table);
    assertTrue(table.contains("A prompt takes 189,684 FLOP in products"), table);
  }

  private static void assertSpread(double median, double min, double max, Fields spread) {
    assertEquals(median, spread.positive("median"), 1e-9 * median);
    assertEquals(min, spread.positive("min"), 1e-9 * min);
    assertEquals(max, spread.positive("max"), 1e-9 * max);
  }
}
