package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.device.Device;
import dev.tapscope.device.DeviceOption;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.store.Stores;
import dev.tapscope.train.Checkpoint;
import dev.tapscope.train.Plan;
import dev.tapscope.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tapscope train} on the emulated GPU. */
class TrainOnGpuTest {
  private static final int HALF = 9;

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
    List<String> words =
        new ArrayList<>(
            List.of(
                "train",
                "--store",
                folder.resolve("store").toString(),
                "--out",
                folder.resolve(out).toString()));
    String recipe =
        "--site res.3>mlp.3 --width 24 --steps 18 --batch 7 --lr 1e-2 --lr-warmup 3 --lambda 1e-2"
            + " --lambda-warmup 4 --bandwidth 0.2 --threshold 0.05 --resample-every 6 --dead-after"
            + " 20 --log-every 1";
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
    assertTrue(failed.err().contains("0 steps are kept. Go on with"), failed::err);
    EmulatedDriver.configure("");
    Typed resumed = resume("failed", "cuda");
    assertEquals(0, resumed.exit(), resumed::err);
  }
}
