package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the card does when it is launched as a graph is what it does when it is launched. */
final class LaunchGraphTest {
  private Gpu gpu;

  @BeforeEach
  void open() {
    EmulatedDriver.require();
    gpu = Gpu.open();
  }

  @AfterEach
  void nothingIsLeft() {
    EmulatedDriver.configure("");
    assertEquals(0, gpu.bytesInUse());
    gpu.close();
  }

  /** The rows of the recording, and others in their place. */
  @ParameterizedTest
  @CsvSource({"EXACT, 7", "EXACT, 150", "FAST, 150"})
  void anEncodeIsReplayed(Precision precision, int rows) {
    EncoderProblem problem =
        EncoderProblem.random(3, 2 * rows, 40, 300).withOffsets(1).withGate(0.1f, false);
    int half = rows * 40;
    for (boolean library : new boolean[] {false, true}) {
      try (Encoding encoding = new Encoding(gpu, problem, precision);
          Pairs pairs = new Pairs(gpu.memory(), rows, 300);
          DeviceArray x = gpu.memory().take("x", (long) half * Float.BYTES)) {
        if (library) {
          encoding.encoder().through(encoding.judge());
        }
        final String[] direct = {
          encoding.encode(0, rows, 300).bits(0, rows),
          encoding.encode(rows, rows, 300).bits(0, rows)
        };
        assertNotEquals(direct[0], direct[1]);
        try (LaunchGraph graph = new LaunchGraph(gpu, () -> encoding.launch(x, rows, pairs))) {
          long starts = EmulatedDriver.count("graph-launches");
          for (int batch = 0; batch < 2; batch++) {
            float[] values = Arrays.copyOfRange(problem.x(), batch * half, batch * half + half);
            x.upload(Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values));
            pairs.counts().clear(gpu.stream());
            graph.start();
            gpu.synchronize();
            assertEquals(direct[batch], encoding.lists(rows, pairs).bits(0, rows));
          }
          assertEquals(starts + 2, EmulatedDriver.count("graph-launches"));
        }
      }
    }
  }

  /**
   * A whole step but for its end, in which the host looks at what the step has told and may take it
   * again, and but for the wait for its batch, which another stream brings. What a step is told
   * (its number, its learning rate) is read from memory of the host each time.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void stepsAreReplayed(boolean dense) {
    List<TrainingReport> reports = new ArrayList<>();
    List<Map<String, byte[]>> arrays = new ArrayList<>();
    for (boolean replayed : new boolean[] {false, true}) {
      for (Precision precision : Precision.values()) {
        try (GpuTraining training = training(precision, dense);
            ReplayedSteps replaying = new ReplayedSteps(gpu, 2)) {
          if (replayed) {
            training.launchBy(replaying);
          }
          Random random = new Random(5);
          for (int step = 0; step < 8; step++) {
            MemorySegment x = Training.floats(Training.gaussians(random, 40 * 20, 1));
            reports.add(training.step(x, x, 40, 1e-3 * (step + 1), 0.01));
          }
          assertEquals(0, training.repetitions());
          assertEquals(replayed ? 2 : 0, replaying.graphs());
          arrays.add(Training.snapshot(training));
        }
      }
    }
    int half = reports.size() / 2;
    assertEquals(reports.subList(0, half), reports.subList(half, 2 * half));
    Training.assertSame(arrays.get(0), arrays.get(2));
    Training.assertSame(arrays.get(1), arrays.get(3));
  }

  private GpuTraining training(Precision precision, boolean dense) {
    TrainingSettings settings =
        new TrainingSettings(
            new TrainingSettings.Tanh(4),
            0.2,
            true,
            true,
            true,
            true,
            0,
            0.999,
            1e-8,
            OptionalDouble.of(0.3),
            dense ? TrainingSettings.ALWAYS_DENSE : TrainingSettings.NEVER_DENSE,
            precision);
    GpuTraining training = new GpuTraining(gpu, 20, 150, 20, settings);
    Random random = new Random(11);
    for (String name : List.of("W_enc", "W_dec")) {
      Training.write(training, name, Training.gaussians(random, 150 * 20, 0.3));
    }
    double[] thresholds = Training.gaussians(random, 150, 0.3);
    Training.write(training, "log_threshold", thresholds);
    return training;
  }

  @Test
  void whatWaitsCannotBeRecorded() {
    assertThrows(GpuException.class, () -> new LaunchGraph(gpu, gpu::synchronize).close());
  }
}
