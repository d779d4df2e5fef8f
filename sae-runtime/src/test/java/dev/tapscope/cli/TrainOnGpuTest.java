package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.cuda.Precision;
import dev.tapscope.device.Device;
import dev.tapscope.device.DeviceOption;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.step.Batch;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.Rates;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StateArray;
import dev.tapscope.step.StepReport;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.store.RowSource;
import dev.tapscope.store.Stores;
import dev.tapscope.train.Checkpoint;
import dev.tapscope.train.HeardRows;
import dev.tapscope.train.Plan;
import dev.tapscope.train.SaeMaker;
import dev.tapscope.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code tapscope train} on the emulated GPU. */
class TrainOnGpuTest {
  private static final int HALF = 9;
  private static final String COMMON =
      "--steps 18 --lr 1e-2 --lr-warmup 3 --lambda 1e-2 --lambda-warmup 4"
          + " --resample-every 6 --dead-after 20 --log-every 1";

  @TempDir private Path folder;

  @BeforeEach
  void makeAStore() throws IOException {
    EmulatedDriver.require();
    Stores.of(folder.resolve("store"), 12, "f32");
  }

  @AfterEach
  void forgetSettings() {
    EmulatedDriver.configure("");
  }

  /** With features that begin anew on the way. */
  private Typed train(String out, String... more) {
    return trainBy(
        COMMON + " --site res.3>mlp.3 --width 24 --batch 7 --threshold 0.05 --bandwidth 0.2",
        out,
        more);
  }

  /** So many features, of which so few are active, that steps are sparse; and enough rows. */
  private Typed trainSparse(String out, String precision) {
    String recipe =
        COMMON + " --site res.3 --width 600 --batch 20 --threshold 1.63 --bandwidth 0.02";
    return trainBy(recipe, out, "--device", "cuda", "--precision", precision);
  }

  private Typed trainBy(String recipe, String out, String... more) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "train",
                "--store",
                folder.resolve("store").toString(),
                "--out",
                folder.resolve(out).toString()));
    words.addAll(List.of(recipe.split(" ")));
    words.addAll(List.of(more));
    return Typed.command(words.toArray(String[]::new));
  }

  private Typed resume(String out, String device) {
    return Typed.command("train", "--resume", folder.resolve(out).toString(), "--device", device);
  }

  /** Takes the first half of the steps of a training that is there, in another folder. */
  private void begin(String whole, String half) throws IOException {
    Plan plan = Checkpoint.read(checkpoint(whole)).plan();
    Files.createDirectories(folder.resolve(half));
    try (Device device = Device.open(DeviceOption.CUDA, System.err::println)) {
      TrainingRows rows =
          TrainingRows.open(
              ActivationStore.open(folder.resolve("store")),
              plan,
              new DeviceMaker(device, 1),
              JavaMemory.ofProcess());
      try (Trainer trainer = Trainer.start(plan, rows.sources(), rows.maker())) {
        for (int i = 0; i < HALF; i++) {
          trainer.next();
        }
        trainer.save(checkpoint(half));
      }
    }
  }

  private Path checkpoint(String out) {
    return folder.resolve(out).resolve(Checkpoint.FILE);
  }

  private JumpReluSae sae(String out) {
    return SaeFolder.open(folder.resolve(out).resolve("sae")).sae();
  }

  @Test
  void aTrainingThatIsResumedOnTheGpuIsTheSameToTheBit() throws IOException {
    Typed trained = train("whole", "--device", "cuda");
    assertEquals(0, trained.exit(), trained::err);
    assertTrue(trained.err().contains("device: cuda: "), trained::err);
    assertTrue(trained.err().contains("; on the GPU "), trained::err);
    assertTrue(trained.err().contains(" resampled"), trained::err);
    String metrics = Files.readString(folder.resolve("whole/metrics.jsonl"));
    assertTrue(metrics.contains("\"dense\":true"), "no dense step: " + metrics);
    begin("whole", "half");
    EmulatedDriver.configure("order=reverse");
    Typed resumed = resume("half", "auto");
    assertEquals(0, resumed.exit(), resumed::err);
    assertFalse(resumed.err().contains("other bits"), resumed::err);
    for (String file : List.of(Checkpoint.FILE, "sae/params.npz", "sae/stats.safetensors")) {
      Path whole = folder.resolve("whole").resolve(file);
      assertEquals(-1, Files.mismatch(whole, folder.resolve("half").resolve(file)), file);
    }
  }

  @Test
  void theCpuGoesOnWithWhatTheGpuBegan() throws IOException {
    assertEquals(0, train("whole", "--device", "cuda").exit());
    begin("whole", "half");
    Typed resumed = resume("half", "cpu");
    assertEquals(0, resumed.exit(), resumed::err);
    assertTrue(resumed.err().contains("was made on the device cuda: "), resumed::err);
    assertTrue(resumed.err().contains("to other bits"), resumed::err);
    JumpReluSae whole = sae("whole");
    JumpReluSae half = sae("half");
    for (int f = 0; f < whole.features(); f++) {
      float[] wanted = whole.weights().decoderRow(f);
      float[] got = half.weights().decoderRow(f);
      for (int i = 0; i < wanted.length; i++) {
        assertEquals(wanted[i], got[i], 1e-3, "W_dec of feature " + f);
      }
    }
  }

  @Test
  void aTrainingThatDoesNotFitIsRefusedOrDoneByTheCpu() {
    EmulatedDriver.configure("memory=" + (EmulatedDriver.count("bytes") + (4 << 10)));
    Typed refused = train("refused", "--device", "cuda");
    assertEquals(1, refused.exit(), refused::err);
    assertTrue(refused.err().contains("tapscope: [device-memory] "), refused::err);
    assertFalse(Files.exists(checkpoint("refused")));
    Typed trained = train("done");
    assertEquals(0, trained.exit(), trained::err);
    assertTrue(trained.err().contains("device: cpu"), trained::err);
    assertTrue(trained.err().contains("The CPU is used in its place."), trained::err);
  }

  /** The launch that fails is one of a step's. */
  @Test
  void aGpuThatFailsEndsTrainingAndTheCheckpointIsKept() {
    EmulatedDriver.configure("fail-launch=60");
    Typed failed = train("failed", "--device", "cuda");
    assertEquals(1, failed.exit(), failed::err);
    assertTrue(failed.err().contains("tapscope: [device-failed] SAE sae cannot"), failed::err);
    assertFalse(failed.err().contains("checkpoint is kept"), failed::err);
    assertTrue(failed.err().contains("0 steps are kept. Go on with"), failed::err);
    EmulatedDriver.configure("");
    Typed resumed = resume("failed", "cuda");
    assertEquals(0, resumed.exit(), resumed::err);
  }

  /** From the last checkpoint where there is one, and to the bits of a resumed training. */
  @ParameterizedTest
  @ValueSource(strings = {"fail-launch=1", "fail-launch=60", "fail-copy=3", "fail-copy=60"})
  void theCpuGoesOnByItselfWhereTheGpuNeedNotBeUsed(String failure) throws IOException {
    EmulatedDriver.configure(failure);
    Typed trained = train("alone", "--device", "auto");
    assertEquals(0, trained.exit(), trained::err);
    String said = "The CPU is used in its place.";
    assertEquals(2, trained.err().split(Pattern.quote(said), -1).length, trained::err);
    assertTrue(trained.err().contains("The GPU failed while"), trained::err);
    assertFalse(trained.err().contains("Go on with"), trained::err);
    assertTrue(Files.exists(folder.resolve("alone/sae/params.npz")));

    EmulatedDriver.configure(failure);
    Typed failed = train("byHand", "--device", "cuda");
    assertEquals(1, failed.exit(), failed::err);
    EmulatedDriver.configure("");
    Typed byHand =
        Files.exists(checkpoint("byHand"))
            ? resume("byHand", "cpu")
            : train("byHand", "--device", "cpu");
    assertEquals(0, byHand.exit(), byHand::err);
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("byHand/sae/params.npz")),
        Files.readAllBytes(folder.resolve("alone/sae/params.npz")));
  }

  /** Whenever it fails: what is said to be kept is there, and nothing else is said. */
  @ParameterizedTest
  @ValueSource(strings = {"fail-copy=3", "fail-copy=20", "fail-copy=30", "fail-copy=60"})
  void whatIsSaidToBeKeptIsThere(String failure) {
    EmulatedDriver.configure(failure);
    Typed failed = train("failed", "--device", "cuda");
    assertEquals(1, failed.exit(), failed::err);
    assertTrue(failed.err().contains("tapscope: [device-failed] "), failed::err);
    boolean kept = Files.exists(checkpoint("failed"));
    System.out.printf("%s: a checkpoint is %s%n", failure, kept ? "there" : "not there");
    assertEquals(kept, failed.err().contains(" steps are kept. Go on with"), failed::err);
    assertEquals(kept, failed.err().contains("kept"), failed::err);
    EmulatedDriver.configure("");
    Typed again = kept ? resume("failed", "cuda") : train("failed", "--device", "cuda");
    assertEquals(0, again.exit(), again::err);
  }

  /** Of every step but the first, while the one before it is under way. */
  @Test
  void rowsAreDrawnWhileTheGpuComputesAndNoBitDependsOnIt() throws IOException {
    assertEquals(0, train("whole", "--device", "cuda").exit());
    Plan plan = Checkpoint.read(checkpoint("whole")).plan();
    List<Long> pending = new ArrayList<>();
    Files.createDirectories(folder.resolve("ahead"));
    Files.createDirectories(folder.resolve("by-one"));
    train(plan, maker -> maker, pending, checkpoint("ahead"));
    assertEquals(plan.course().steps(), pending.size());
    assertTrue(pending.stream().skip(1).allMatch(work -> work > 10), pending::toString);
    train(plan, OneByOne::new, pending, checkpoint("by-one"));
    assertTrue(pending.stream().skip(1).allMatch(work -> work == 0), pending::toString);
    assertEquals(-1, Files.mismatch(checkpoint("whole"), checkpoint("ahead")));
    assertEquals(-1, Files.mismatch(checkpoint("whole"), checkpoint("by-one")));
  }

  /**
   * @param pending gets what work was under way when each batch was drawn
   */
  private void train(Plan plan, UnaryOperator<SaeMaker> makers, List<Long> pending, Path file)
      throws IOException {
    try (Device device = Device.open(DeviceOption.CUDA, System.err::println)) {
      TrainingRows rows =
          TrainingRows.open(
              ActivationStore.open(folder.resolve("store")),
              plan,
              new DeviceMaker(device, 1),
              JavaMemory.ofProcess());
      SaeWeights some = new SaeWeights.Draft(2, 3, 2).finish();
      assertEquals("cuda", rows.maker().kernels(some).name(), "of resampling and statistics");
      rows.maker().kernels(some).release(some);
      Map<String, RowSource> heard = new LinkedHashMap<>();
      rows.sources()
          .forEach((site, source) ->
              heard.put(
                  site, new HeardRows(source, () -> pending.add(EmulatedDriver.count("pending")))));
      try (Trainer trainer = Trainer.start(plan, heard, makers.apply(rows.maker()))) {
        pending.clear();
        while (!trainer.finished()) {
          trainer.next();
        }
        trainer.save(file);
      }
    }
  }

  /** Makes the same SAEs, each step of which is finished before anything else is done. */
  private record OneByOne(SaeMaker maker) implements SaeMaker {
    @Override
    public SaeInTraining make(Dimensions dimensions, Method method, int rows) {
      SaeInTraining sae = maker.make(dimensions, method, rows);
      return new SaeInTraining() {
        @Override
        public Dimensions dimensions() {
          return sae.dimensions();
        }

        @Override
        public Method method() {
          return sae.method();
        }

        @Override
        public StepReport step(Batch batch, Rates rates) {
          return sae.step(batch, rates);
        }

        @Override
        public List<StateArray> state() {
          return sae.state();
        }

        @Override
        public void close() {
          sae.close();
        }
      };
    }

    @Override
    public String device() {
      return maker.device();
    }

    @Override
    public SaeKernels kernels(SaeWeights weights) {
      return maker.kernels(weights);
    }
  }

  @Test
  void aFastTrainingSaysSoAndIsResumedToTheBit() throws IOException {
    Typed exact = trainSparse("exact", "exact");
    assertEquals(0, exact.exit(), exact::err);
    assertTrue(exact.err().contains("precision: exact"), exact::err);
    Typed fast = trainSparse("fast", "fast");
    assertEquals(0, fast.exit(), fast::err);
    assertTrue(fast.err().contains("precision: fast"), fast::err);
    assertTrue(
        Files.readString(folder.resolve("fast/metrics.jsonl")).contains("\"dense\":false"),
        "only dense steps, which are exact");
    assertNotEquals(
        -1,
        Files.mismatch(
            folder.resolve("exact/sae/params.npz"), folder.resolve("fast/sae/params.npz")),
        "the bits of exact steps");
    assertTrue(
        Files.readString(folder.resolve("fast/sae/report.json"))
            .contains("\"precision\":\"fast\""));
    assertEquals(
        Precision.FAST,
        Checkpoint.read(checkpoint("fast"))
            .plan()
            .tasks()
            .getFirst()
            .recipe()
            .method()
            .precision());
    begin("fast", "half");
    Typed resumed = resume("half", "cuda");
    assertEquals(0, resumed.exit(), resumed::err);
    assertTrue(resumed.err().contains("precision: fast"), resumed::err);
    assertEquals(-1, Files.mismatch(checkpoint("fast"), checkpoint("half")));
    Typed other =
        Typed.command(
            "train", "--resume", folder.resolve("half").toString(), "--precision", "exact");
    assertEquals(2, other.exit(), other::err);
    assertTrue(other.err().contains("[resume-alone]"), other::err);
    Typed cpu = resume("half", "cpu");
    assertEquals(1, cpu.exit(), cpu::err);
    assertTrue(cpu.err().contains("[device-precision]"), cpu::err);
  }

  @Test
  void theCpuIsNeverFast() {
    Typed refused = train("refused", "--device", "cpu", "--precision", "fast");
    assertEquals(1, refused.exit(), refused::err);
    assertTrue(refused.err().contains("tapscope: [device-precision] "), refused::err);
    assertFalse(Files.exists(folder.resolve("refused")));
    EmulatedDriver.configure("memory=" + (EmulatedDriver.count("bytes") + (4 << 10)));
    Typed full = train("refused", "--precision", "fast");
    assertEquals(1, full.exit(), full::err);
    assertTrue(full.err().contains("tapscope: [device-precision] "), full::err);
    Typed several =
        train("several", "--device", "cpu", "--sae", "a: seed=1", "--sae", "b: precision=fast");
    assertEquals(1, several.exit(), several::err);
    assertTrue(several.err().contains("tapscope: [device-precision] "), several::err);
  }
}
