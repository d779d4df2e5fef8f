package gemma2.math;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.Blocks;
import gemma2.testing.SafetensorsWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class KernelsTest {

  private static final int[] LENGTHS = {1, 2, 7, 8, 15, 16, 17, 33, 128, 250};

  static Stream<Kernels> sets() {
    return Stream.of(new PlainKernels(), new VectorKernels());
  }

  @Test
  void choosesTheVectorApiWhereItsModuleIs() {
    assertTrue(Kernels.vectorModulePresent(), "the tests run with the module");
    assertEquals(VectorKernels.class, Kernels.choose().getClass());
  }

  @ParameterizedTest
  @CsvSource({
    "'mixed mode, sharing', true",
    "'compiled mode, sharing', true",
    "'mixed mode, emulated-client, sharing', false",
    "'interpreted mode, sharing', false",
    "'', true"
  })
  void vectorsAreTheSecondCompilersDoing(String vmInfo, boolean compiled) {
    assertEquals(compiled, Kernels.vectorsCompiled(vmInfo));
  }

  @ParameterizedTest
  @MethodSource("sets")
  void multiplies(Kernels kernels) {
    for (Dtype dtype : List.of(Dtype.F32, Dtype.F16, Dtype.BF16)) {
      for (int columns : LENGTHS) {
        SplittableRandom random = new SplittableRandom(columns);
        float[] weights = floats(random, 9 * columns);
        float[][] x = rows(random, 6, columns);
        float[][] y = new float[6][9];
        kernels.multiply(matrix(dtype, 9, columns, weights), x, y, 1, 9);
        for (int r = 0; r < 6; r++) {
          assertEquals(0, y[r][0], "column 0 was not asked for");
          for (int o = 1; o < 9; o++) {
            double wanted = 0;
            for (int i = 0; i < columns; i++) {
              wanted += (double) x[r][i] * weights[o * columns + i];
            }
            assertEquals(wanted, y[r][o], 1e-5 * Math.sqrt(columns), dtype + " " + columns);
          }
        }
      }
    }
  }

  /** Every bit pattern a block may have, against numbers taken from the blocks one by one. */
  @ParameterizedTest
  @MethodSource("sets")
  void multipliesBlocks(Kernels kernels) {
    for (Dtype dtype : List.of(Dtype.Q8_0, Dtype.Q4_0, Dtype.Q4_K, Dtype.Q6_K)) {
      for (int columns : new int[] {256, 768, 1024}) {
        SplittableRandom random = new SplittableRandom(columns);
        byte[] blocks = Blocks.random(dtype, 9 * columns / dtype.blockLength(), random);
        Matrix w = new Matrix(MemorySegment.ofArray(blocks), dtype, 9, columns);
        float[][] x = rows(random, 6, columns);
        float[][] y = new float[6][9];
        kernels.multiply(w, x, y, 0, 9);
        for (int r = 0; r < 6; r++) {
          for (int o = 0; o < 9; o++) {
            double wanted = 0;
            double size = 0;
            for (int i = 0; i < columns; i++) {
              double product = x[r][i] * Blocks.number(dtype, blocks, o * columns + i);
              wanted += product;
              size += Math.abs(product);
            }
            assertEquals(wanted, y[r][o], 1e-6 * size, dtype + " " + columns);
          }
        }
      }
    }
  }

  /** More rows, outputs and columns than are laid out at once. */
  @ParameterizedTest
  @MethodSource("sets")
  void multipliesMany(Kernels kernels) {
    SplittableRandom random = new SplittableRandom(5);
    int columns = 2411;
    float[] weights = floats(random, 135 * columns);
    Matrix w = matrix(Dtype.F32, 135, columns, weights);
    float[][] x = rows(random, 257, columns);
    float[][] y = new float[257][135];
    kernels.multiply(w, x, y, 1, 134);
    for (int r = 0; r < 257; r++) {
      assertEquals(0, y[r][0]);
      assertEquals(0, y[r][134]);
      for (int o = 1; o < 134; o++) {
        double wanted = 0;
        for (int i = 0; i < columns; i++) {
          wanted += (double) x[r][i] * weights[o * columns + i];
        }
        assertEquals(wanted, y[r][o], 1e-5 * Math.sqrt(columns), r + " " + o);
      }
    }
  }

  /** More results, of several stretches and a rest, than wait to be folded at once. */
  @ParameterizedTest
  @MethodSource("sets")
  void multipliesOneRowByMany(Kernels kernels) {
    SplittableRandom random = new SplittableRandom(7);
    int columns = 4700;
    int outputs = 1031;
    float[] weights = floats(random, outputs * columns);
    float[][] x = rows(random, 1, columns);
    for (Dtype dtype : List.of(Dtype.F32, Dtype.F16, Dtype.BF16)) {
      float[][] y = dirty(1, outputs);
      kernels.multiply(matrix(dtype, outputs, columns, weights), x, y, 3, outputs - 2);
      for (int o = 0; o < outputs; o++) {
        if (o < 3 || o >= outputs - 2) {
          assertTrue(Float.isNaN(y[0][o]), "column " + o + " was not asked for");
        } else {
          double wanted = 0;
          for (int i = 0; i < columns; i++) {
            wanted += (double) x[0][i] * weights[o * columns + i];
          }
          assertEquals(wanted, y[0][o], 1e-5 * Math.sqrt(columns), dtype + " " + o);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void computesARowAloneAsItDoesAmongOthers(Kernels kernels) {
    for (Dtype dtype : List.of(Dtype.F32, Dtype.F16, Dtype.BF16)) {
      for (int columns : new int[] {1, 2, 7, 15, 16, 17, 33, 250, 800, 2304, 2305, 4700}) {
        SplittableRandom random = new SplittableRandom(columns);
        Matrix w = matrix(dtype, 70, columns, floats(random, 70 * columns));
        assertAloneAsTogether(kernels, w, normals(random, 14, columns));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void computesARowOfBlocksAloneAsItDoesAmongOthers(Kernels kernels) {
    for (Dtype dtype : List.of(Dtype.Q8_0, Dtype.Q4_0, Dtype.Q4_K, Dtype.Q6_K)) {
      SplittableRandom random = new SplittableRandom(3);
      byte[] blocks = Blocks.random(dtype, 70 * 2560 / dtype.blockLength(), random);
      Matrix w = new Matrix(MemorySegment.ofArray(blocks), dtype, 70, 2560);
      assertAloneAsTogether(kernels, w, normals(random, 14, 2560));
    }
  }

  /** Rows that hold what must not get into a product. */
  private static float[][] dirty(int rows, int columns) {
    float[][] dirty = new float[rows][columns];
    for (float[] row : dirty) {
      Arrays.fill(row, Float.NaN);
    }
    return dirty;
  }

  private static void assertAloneAsTogether(Kernels kernels, Matrix w, float[][] x) {
    float[][] together = dirty(x.length, w.rows());
    kernels.multiply(w, x, together, 0, w.rows());
    float[][] few = dirty(5, w.rows());
    kernels.multiply(w, Arrays.copyOf(x, 5), few, 0, w.rows());
    assertArrayEquals(Arrays.copyOf(together, 5), few, w.dtype() + " " + w.columns());
    for (int r = 0; r < x.length; r++) {
      float[][] alone = dirty(1, w.rows());
      kernels.multiply(w, new float[][] {x[r]}, alone, 0, w.rows());
      assertArrayEquals(together[r], alone[0], w.dtype() + " " + w.columns());
      for (int o = 0; o < w.rows(); o++) {
        float[][] one = new float[1][w.rows()];
        kernels.multiply(w, new float[][] {x[r]}, one, o, o + 1);
        assertEquals(together[r][o], one[0][o]);
      }
    }
  }

  /** Among them the least and the largest, and what is not normal. */
  @ParameterizedTest
  @MethodSource("sets")
  void widensEveryFp16(Kernels kernels) {
    MemorySegment every = MemorySegment.ofArray(new short[1 << 16]);
    for (int bits = 0; bits < 1 << 16; bits++) {
      every.setAtIndex(ValueLayout.JAVA_SHORT, bits, (short) bits);
    }
    int columns = 16;
    Matrix w = new Matrix(every, Dtype.F16, (1 << 16) / columns, columns);
    for (int i = 0; i < columns; i++) {
      float[][] x = new float[1][columns];
      x[0][i] = 1;
      float[][] y = new float[1][w.rows()];
      kernels.multiply(w, x, y, 0, w.rows());
      for (int o = 0; o < w.rows(); o++) {
        float wanted = 0;
        for (int c = 0; c < columns; c++) {
          wanted += Float.float16ToFloat((short) (o * columns + c)) * x[0][c];
        }
        assertEquals(wanted, y[0][o], "row " + o + ", column " + i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void dotsAndBlends(Kernels kernels) {
    for (int n : LENGTHS) {
      for (int count = 1; count <= 9; count++) {
        SplittableRandom random = new SplittableRandom(n);
        float[] a = floats(random, n + 3);
        float[][] rows = rows(random, 11, n + 2);
        float[] products = new float[count + 2];
        kernels.dots(a, 3, rows, 1, 2, n, products, 1, count);
        assertEquals(0, products[0]);
        assertEquals(0, products[count + 1]);
        for (int j = 0; j < count; j++) {
          double wanted = 0;
          for (int i = 0; i < n; i++) {
            wanted += (double) a[3 + i] * rows[1 + j][2 + i];
          }
          assertEquals(wanted, products[1 + j], 1e-5 * Math.sqrt(n));
        }
        float[] before = floats(random, n + 2);
        float[] out = before.clone();
        kernels.blend(products, 1, count, rows, 1, 2, n, out, 1);
        for (int i = 0; i < n; i++) {
          double wanted = before[1 + i];
          for (int j = 0; j < count; j++) {
            wanted += (double) products[1 + j] * rows[1 + j][2 + i];
          }
          assertEquals(wanted, out[1 + i], 1e-5 * Math.sqrt(n) * count);
        }
        assertEquals(before[0], out[0]);
        assertEquals(before[n + 1], out[n + 1]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void dotsAndBlendsInTwoPartsAsInOne(Kernels kernels) {
    SplittableRandom random = new SplittableRandom(1);
    int n = 77;
    float[] a = normals(random, 1, n)[0];
    float[][] rows = normals(random, 9, n);
    float[] once = new float[9];
    float[] twice = new float[9];
    kernels.dots(a, 0, rows, 0, 0, n, once, 0, 9);
    kernels.dots(a, 0, rows, 0, 0, n, twice, 0, 5);
    kernels.dots(a, 0, rows, 5, 0, n, twice, 5, 4);
    assertArrayEquals(once, twice);
    float[] blendedOnce = new float[n];
    float[] blendedTwice = new float[n];
    kernels.blend(once, 0, 9, rows, 0, 0, n, blendedOnce, 0);
    kernels.blend(once, 0, 5, rows, 0, 0, n, blendedTwice, 0);
    kernels.blend(once, 5, 4, rows, 5, 0, n, blendedTwice, 0);
    assertArrayEquals(blendedOnce, blendedTwice);
  }

  @ParameterizedTest
  @MethodSource("sets")
  void sumsSquaresPrecisely(Kernels kernels) {
    for (int n : LENGTHS) {
      float[] x = normals(new SplittableRandom(n), 1, n)[0];
      double wanted = 0;
      for (float value : x) {
        wanted += (double) value * value;
      }
      assertEquals(wanted, kernels.sumOfSquares(x), 1e-13 * wanted);
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void multipliesGelu(Kernels kernels) {
    float[] gate = wide(3001, 12);
    float[] up = normals(new SplittableRandom(1), 1, gate.length)[0];
    float[] out = new float[gate.length];
    kernels.multiplyGelu(gate, up, out);
    for (int i = 0; i < gate.length; i++) {
      double y = gate[i];
      double v = Math.sqrt(2 / Math.PI) * (y + 0.044715 * y * y * y);
      double wanted = y / (1 + Math.exp(-2 * v)) * up[i];
      // Of gelu's argument one rounding is left, which e^-2v makes 2v as large.
      double tolerance = Math.abs(wanted) * 3e-7 * (1 + Math.max(0, -2 * v));
      assertEquals(wanted, out[i], tolerance + 1e-9 * Math.abs(up[i]), "at " + y);
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void caps(Kernels kernels) {
    for (float cap : new float[] {3, 30, 50}) {
      float[] x = wide(3001, 400);
      float[] out = new float[x.length];
      kernels.softcap(x, 1, cap, out, 2, x.length - 2);
      for (int i = 0; i < x.length - 2; i++) {
        double wanted = cap * Math.tanh((double) x[i + 1] / cap);
        assertEquals(wanted, out[i + 2], 4e-7 * Math.abs(wanted), "at " + x[i + 1]);
      }
      assertEquals(0, out[0]);
      assertEquals(0, out[1]);
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void givesProbabilities(Kernels kernels) {
    for (int n : LENGTHS) {
      float[] x = normals(new SplittableRandom(n), 1, n + 3)[0];
      for (int i = 0; i < x.length; i++) {
        x[i] *= 10;
      }
      float[] out = new float[n + 4];
      kernels.softmax(x, 2, out, 1, n);
      double sum = 0;
      double max = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        sum += Math.exp(x[2 + i]);
        max = Math.max(max, x[2 + i]);
      }
      double total = 0;
      for (int i = 0; i < n; i++) {
        double wanted = Math.exp(x[2 + i]) / sum;
        // The exponent is a difference in fp32.
        double tolerance = 4e-7 + 6e-8 * (max - x[2 + i]);
        assertEquals(wanted, out[1 + i], tolerance * wanted, n + ": " + i);
        total += out[1 + i];
      }
      assertEquals(1, total, 1e-6);
      assertEquals(0, out[0]);
      assertEquals(0, out[n + 1]);
    }
  }

  /** What is not a number must show in what is made of it. */
  @ParameterizedTest
  @MethodSource("sets")
  void keepsNaN(Kernels kernels) {
    float[] x = {1, Float.NaN, 2};
    float[] out = new float[3];
    kernels.softcap(x, 0, 30, out, 0, 3);
    assertTrue(Float.isNaN(out[1]) && Float.isFinite(out[0]));
    kernels.multiplyGelu(x, new float[] {1, 1, 1}, out);
    assertTrue(Float.isNaN(out[1]) && Float.isFinite(out[0]));
    kernels.softmax(x, 0, out, 0, 3);
    assertTrue(Float.isNaN(out[0]));
    assertTrue(Double.isNaN(kernels.sumOfSquares(x)));
  }

  /** Long enough for the JIT compiler to take over from the interpreter on the way. */
  @ParameterizedTest
  @MethodSource("sets")
  void neverChangesABit(Kernels kernels) {
    SplittableRandom random = new SplittableRandom(1);
    Matrix w = matrix(Dtype.BF16, 5, 77, floats(random, 5 * 77));
    Matrix half = matrix(Dtype.F16, 5, 77, floats(random, 5 * 77));
    float[][] x = normals(random, 5, 77);
    float[][] first = all(kernels, w, half, x);
    for (int i = 0; i < 20_000; i++) {
      assertArrayEquals(first, all(kernels, w, half, x));
    }
  }

  private static float[][] all(Kernels kernels, Matrix w, Matrix half, float[][] x) {
    float[][] y = new float[12][77];
    kernels.multiply(w, x, new float[][] {y[0], y[1], y[2], y[3], y[4]}, 0, 5);
    kernels.multiply(half, new float[][] {x[0]}, new float[][] {y[5]}, 0, 5);
    kernels.dots(x[0], 1, x, 0, 1, 76, y[6], 0, 5);
    kernels.blend(y[6], 0, 5, x, 0, 3, 70, y[7], 0);
    y[8][0] = (float) kernels.sumOfSquares(x[0]);
    kernels.multiplyGelu(x[0], x[1], y[9]);
    kernels.softcap(x[1], 0, 2, y[10], 0, 77);
    kernels.softmax(x[2], 0, y[11], 0, 77);
    return y;
  }

  private static Matrix matrix(Dtype dtype, int rows, int columns, float[] numbers) {
    byte[] bytes = SafetensorsWriter.encode(dtype, numbers);
    return new Matrix(MemorySegment.ofArray(bytes), dtype, rows, columns);
  }

  private static float[][] rows(SplittableRandom random, int n, int width) {
    return Stream.generate(() -> floats(random, width)).limit(n).toArray(float[][]::new);
  }

  /** Numbers that every dtype holds exactly. */
  private static float[] floats(SplittableRandom random, int n) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = random.nextInt(-127, 128) / 64f;
    }
    return numbers;
  }

  private static float[][] normals(SplittableRandom random, int n, int width) {
    float[][] rows = new float[n][width];
    for (float[] row : rows) {
      for (int i = 0; i < width; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    return rows;
  }

  /** From {@code -to} to {@code to}, and small ones of many sizes. */
  private static float[] wide(int n, float to) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      float even = to * (2f * i / (n - 1) - 1);
      numbers[i] = i % 3 == 0 ? even * (float) Math.pow(2, -(i % 60)) : even;
    }
    return numbers;
  }
}
