package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.Checkpoint;
import gemma2.io.InputException;
import gemma2.io.Tensor;
import gemma2.math.Dtype;
import gemma2.math.Kernels;
import gemma2.math.PlainKernels;
import gemma2.math.Workers;
import gemma2.testing.Blocks;
import gemma2.testing.GgufModel;
import gemma2.testing.RandomModel;
import gemma2.testing.SlowGemma2;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A model from a GGUF file is the model from safetensors. */
class GgufModelTest {

  private static final Path TINY =
      Path.of("..", "..", "test-fixtures", "src", "main", "resources", "tiny-gemma2");

  private static final int[] TOKENS =
      IntStream.range(0, 23).map(t -> (t * t * 31 + 7 * t + 2) % 300).toArray();

  @TempDir Path folder;

  static Stream<Arguments> plainTypes() {
    return Stream.of(
        Arguments.of("norms of all digits", model(10).withFineNorms(), Dtype.F32),
        Arguments.of("untied", model(10).with("tie_word_embeddings", false), Dtype.F32),
        Arguments.of("f16", model(10), Dtype.F16),
        Arguments.of("bf16", model(10), Dtype.BF16));
  }

  /** GGUF knows no query scale of its own. */
  private static RandomModel model(int headDim) {
    return new RandomModel().with("head_dim", headDim).with("query_pre_attn_scalar", headDim);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("plainTypes")
  void computesTheBitsOfSafetensors(String name, RandomModel model, Dtype stored) {
    model.stored(stored).write(folder);
    Path gguf = folder.resolve("m.gguf");
    GgufModel.of(model, tensor -> stored).write(gguf);
    assertEquals(Config.read(folder), Config.read(gguf));
    for (Kernels kernels : List.of(new PlainKernels(), Kernels.choose())) {
      assertArrayEquals(logits(folder, kernels), logits(gguf, kernels));
    }
  }

  /** The test above would not see otherwise how a gain was rounded. */
  @Test
  void drawsNormsThatAreRoundedByAddingOne() {
    float[] weights = model(10).withFineNorms().draw().weight("model.norm.weight");
    assertTrue(
        IntStream.range(0, weights.length).anyMatch(i -> (1 + weights[i]) - 1 != weights[i]));
  }

  @Test
  void computesTheBitsOfTheTinyModel() throws IOException {
    Path gguf = folder.resolve("tiny.gguf");
    GgufModel.of(TINY).write(gguf);
    assertEquals(Config.read(TINY), Config.read(gguf));
    assertArrayEquals(logits(TINY, Kernels.choose()), logits(gguf, Kernels.choose()));
  }

  static Stream<Arguments> blockTypes() {
    return Stream.of(
        Arguments.of("Q8_0", (Function<String, Dtype>) name -> Dtype.Q8_0),
        Arguments.of("Q4_0", (Function<String, Dtype>) name -> Dtype.Q4_0),
        Arguments.of("Q4_K", (Function<String, Dtype>) name -> Dtype.Q4_K),
        Arguments.of("Q6_K", (Function<String, Dtype>) name -> Dtype.Q6_K),
        Arguments.of(
            "as in Q4_K_M",
            (Function<String, Dtype>)
                name -> name.matches(".*(embed|v_proj|down).*") ? Dtype.Q6_K : Dtype.Q4_K));
  }

  /** Every weight is taken from its block by the format's definition, then the formulas run. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("blockTypes")
  void agreesWithTheFormulasOnWeightsInBlocks(String name, Function<String, Dtype> stored) {
    RandomModel model = wide();
    Path gguf = folder.resolve("m.gguf");
    GgufModel.of(model, stored).write(gguf);
    for (String tensor : model.names()) {
      if (!tensor.endsWith("norm.weight")) {
        model.replace(tensor, dequantised(stored.apply(tensor), model.weight(tensor)));
      }
    }
    double[][] wanted = new SlowGemma2(model).logits(TOKENS, new boolean[] {true, false, true});
    for (Kernels kernels : List.of(new PlainKernels(), Kernels.choose())) {
      float[][] logits = logits(gguf, kernels);
      for (int t = 0; t < TOKENS.length; t++) {
        double largest = Arrays.stream(wanted[t]).map(Math::abs).max().orElseThrow();
        for (int id = 0; id < wanted[t].length; id++) {
          assertEquals(wanted[t][id], logits[t][id], 1e-4 * largest, "position " + t);
        }
      }
    }
  }

  private static RandomModel wide() {
    return model(64)
        .with("hidden_size", 256)
        .with("intermediate_size", 512)
        .with("num_attention_heads", 4)
        .with("num_key_value_heads", 2)
        .draw();
  }

  private static float[] dequantised(Dtype dtype, float[] numbers) {
    byte[] blocks = Blocks.quantize(dtype, numbers);
    float[] read = new float[numbers.length];
    for (int i = 0; i < read.length; i++) {
      read[i] = (float) Blocks.number(dtype, blocks, i);
    }
    return read;
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
  void refusesAScaleThatIsNotFinite(Dtype dtype) throws IOException {
    RandomModel model = wide();
    Path file = folder.resolve("m.gguf");
    GgufModel.of(model, name -> dtype).write(file);
    Tensor broken =
        Checkpoint.open(file).tensors().stream()
            .filter(tensor -> tensor.name().equals("blk.1.ffn_up.weight"))
            .findFirst()
            .orElseThrow();
    int blocksPerRow = 256 / dtype.blockLength();
    long block = 11L * blocksPerRow;
    long begin = position(file, broken);
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(begin + block * dtype.blockBytes() + Blocks.scales(dtype)[0]);
      raw.write(new byte[] {0, 0x7C});
    }
    InputException refusal =
        assertThrows(InputException.class, () -> logits(file, new PlainKernels()));
    assertEquals("weights-nonfinite", refusal.id());
    assertTrue(
        refusal.getMessage().startsWith("Tensor blk.1.ffn_up.weight holds a NaN or an infinity at"),
        refusal.getMessage());
    assertTrue(refusal.getMessage().contains("row 11, column 0"), refusal.getMessage());
  }

  /** Where a tensor's bytes stand in the file: before those of all that come after it. */
  private static long position(Path file, Tensor wanted) {
    long after =
        Checkpoint.open(file).tensors().stream()
            .dropWhile(tensor -> !tensor.name().equals(wanted.name()))
            .mapToLong(tensor -> (tensor.data().byteSize() + 31) / 32 * 32)
            .sum();
    return file.toFile().length() - after;
  }

  private static float[][] logits(Path model, Kernels kernels) {
    Gemma2 loaded =
        ModelLoader.load(
            Config.read(model),
            Checkpoint.open(model),
            kernels,
            new Workers(1),
            ModelLoader.Options.DEFAULT);
    KvCache cache = new KvCache(loaded.config(), TOKENS.length);
    return loaded.forward(TOKENS, 0, cache, TOKENS.length);
  }
}
