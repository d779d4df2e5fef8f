package dev.tapscope.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultTest {
  @TempDir Path temporary;

  /** 26 layers of 64 rows of 2304 floats, a fire a layer. */
  private Result result(Map<Variant, double[]> times) {
    return new Result(new Workloads(temporary, 1 << 20).named("rows-2b"), times);
  }

  @Test
  void ratiosArePairedByRound() {
    Result result =
        result(
            Map.of(
                Variant.UNWOVEN, new double[] {100, 1000, 10},
                Variant.NO_OP, new double[] {110, 2000, 10.5}));
    // 1.1, 2 and 1.05; the ratio of the medians would be 1.1 too, of the means 1.9.
    assertEquals(1.1, result.ratio(Variant.NO_OP, Variant.UNWOVEN), 1e-12);
    assertEquals(1 / 1.1, result.ratio(Variant.UNWOVEN, Variant.NO_OP), 1e-12);
    assertEquals(100, result.nanos(Variant.UNWOVEN));
  }

  @Test
  void costsAreWhatIsTakenBeyondTheModel() {
    Result result =
        result(
            Map.of(
                Variant.UNWOVEN, new double[] {100, 200},
                Variant.NO_OP, new double[] {100 + 26 * 40, 200 + 26 * 60},
                Variant.CAPTURE, new double[] {1_000_100, 1_000_200}));
    assertEquals(50, result.nanosPerFire(Variant.NO_OP), 1e-9);
    // 26 * 64 * 2304 * 4 = 15,335,424 bytes in a millisecond
    assertEquals(15_335_424e3, result.bytesPerSecond(Variant.CAPTURE), 1);
  }

  @Test
  void theSpreadIsOfTheMiddleNineTenths() {
    double[] model = IntStream.range(0, 100).mapToDouble(i -> 1).toArray();
    double[] control = IntStream.range(0, 100).mapToDouble(i -> 99 - i).toArray();
    Result result = result(Map.of(Variant.UNWOVEN, model, Variant.CONTROL, control));
    assertArrayEquals(new double[] {5, 94}, result.spread(Variant.CONTROL));
  }

  @Test
  void aFewRoundsOnBusyMachinesSayWhatAQuietOneWould() {
    double[] model = IntStream.range(0, 100).mapToDouble(i -> 10 + i).toArray();
    double[] hooked = IntStream.range(0, 100).mapToDouble(i -> 62 + 50 * i).toArray();
    Result result = result(Map.of(Variant.UNWOVEN, model, Variant.NO_OP, hooked));
    assertEquals((62 + 500 - 20) / 26.0, result.quietNanosPerFire(Variant.NO_OP), 1e-12);
  }

  @Test
  void mediansOfEvenCountsLieBetween() {
    assertEquals(2.5, Result.median(new double[] {4, 1, 3, 2}));
    assertEquals(3, Result.median(new double[] {5, 3, 1}));
  }
}
