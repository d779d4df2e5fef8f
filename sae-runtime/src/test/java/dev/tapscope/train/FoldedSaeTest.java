package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.io.Safetensors;
import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeFormat;
import dev.tapscope.step.Batch;
import dev.tapscope.step.Steps;
import dev.tapscope.store.RowSource;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The SAE that is written gives on raw rows what the one in training gives on scaled ones, by its
 * formula in double: {@code z = (x / C - b_dec) W_enc + b_enc}, {@code y = D (f W_dec + b_dec)}.
 */
class FoldedSaeTest {
  private static final int ROWS = 64;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "site=a width=12",
        "site=a width=12 pre-bias=no bias=mean threshold-form=direct",
        "site=a>b width=12",
      })
  void isTheOneThatWasTrained(String recipe) {
    Words words =
        Words.line(
                "The test",
                "lr=1e-2 lambda=1e-2 lr-warmup=5 lambda-warmup=5 bandwidth=0.1 threshold=0.1"
                    + " steps=30 batch=32")
            .then(Words.line("The test", recipe));
    Task task = new Task("one", Recipe.of(words));
    boolean transcoder = task.recipe().transcoder();
    Path checkpoint = folder.resolve(Checkpoint.FILE);
    SaeWeights folded;
    try (Trainer trainer =
        Trainer.start(
            new Plan(Course.of(words), List.of(task), Map.of()),
            Map.of(task.recipe().site(), rows(transcoder)),
            (sizes, method, n) -> Steps.plain(sizes, method))) {
      while (!trainer.finished()) {
        trainer.next();
      }
      trainer.save(checkpoint);
      folded =
          SaeFolder.open(
                  trainer.folded(task, Arena.ofAuto()).writeTo(folder, SaeFormat.GEMMA_SCOPE))
              .sae()
              .weights();
    }
    compare(folded, new Trained(checkpoint, task), rows(transcoder).next(ROWS));
  }

  private static RowSource rows(boolean transcoder) {
    RowSource inputs = new PlantedRows(8, 10, 2, 5);
    return transcoder ? new PairedRows(inputs, new PlantedRows(6, 10, 2, 6)) : inputs;
  }

  private static void compare(SaeWeights folded, Trained trained, Batch batch) {
    int inputs = folded.inputs();
    int outputs = folded.outputs();
    float[] x = batch.x().toArray(ValueLayout.JAVA_FLOAT);
    SparseRows f = Kernels.plain().encode(folded, x, ROWS);
    float[] y = new float[ROWS * outputs];
    Kernels.plain().decode(folded, f, y);
    int active = 0;
    for (int r = 0; r < ROWS; r++) {
      double[] wanted = trained.output(x, r * inputs);
      for (int i = 0; i < outputs; i++) {
        assertEquals(wanted[i], y[r * outputs + i], 1e-5 * Math.max(1, trained.outputScale));
      }
      active += trained.active;
    }
    assertTrue(active > ROWS, "enough features are active: " + active);
    assertEquals(active, f.end(ROWS - 1));
  }

  /** Arrays and scales of a checkpoint. */
  private static final class Trained {
    private final double inputScale;
    private final double outputScale;
    private final float[] encoder;
    private final float[] encoderBias;
    private final float[] decoder;
    private final float[] decoderBias;
    private final float[] threshold;
    private final boolean log;
    private final boolean preBias;
    private int active;

    Trained(Path file, Task task) {
      Safetensors arrays = Safetensors.open(file);
      Scaling scaling = Checkpoint.read(file).scalings().get(task.recipe().site());
      inputScale = scaling.input();
      outputScale = scaling.output();
      encoder = arrays.find("one/W_enc").orElseThrow().floats();
      encoderBias = arrays.find("one/b_enc").orElseThrow().floats();
      decoder = arrays.find("one/W_dec").orElseThrow().floats();
      decoderBias = arrays.find("one/b_dec").orElseThrow().floats();
      log = arrays.find("one/log_threshold").isPresent();
      threshold = arrays.find(log ? "one/log_threshold" : "one/threshold").orElseThrow().floats();
      preBias = task.recipe().method().preBias();
    }

    double[] output(float[] x, int at) {
      int features = encoderBias.length;
      int inputs = encoder.length / features;
      double[] y = new double[decoderBias.length];
      active = 0;
      for (int f = 0; f < features; f++) {
        double z = encoderBias[f];
        for (int i = 0; i < inputs; i++) {
          z += (x[at + i] / inputScale - (preBias ? decoderBias[i] : 0)) * encoder[f * inputs + i];
        }
        if (z > (log ? Math.exp(threshold[f]) : threshold[f])) {
          active++;
          for (int j = 0; j < y.length; j++) {
            y[j] += z * decoder[f * y.length + j];
          }
        }
      }
      for (int j = 0; j < y.length; j++) {
        y[j] = outputScale * (y[j] + decoderBias[j]);
      }
      return y;
    }
  }

  @Test
  void rowsAreScaledToAMeanSquareOfOne() {
    PlantedRows rows = new PlantedRows(8, 10, 2, 5);
    RowStatistics statistics = RowStatistics.of("a", rows);
    assertEquals("0", rows.place(), "back where it stood");
    Feed feed = new Feed(rows, statistics.scaling(), (int) rows.rows());
    double square = 0;
    for (float value : feed.next().x().toArray(ValueLayout.JAVA_FLOAT)) {
      square += (double) value * value;
    }
    assertEquals(1, square / rows.rows(), 1e-6);
    feed.close();
  }
}
