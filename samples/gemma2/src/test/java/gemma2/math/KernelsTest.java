package gemma2.math;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.Blocks;
import gemma2.testing.SafetensorsWriter;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
  @MethodSource("sets")
  void multiplies(Kernels kernels) {
    for (Dtype dtype : List.of(Dtype.F32, Dtype.F16, Dtype.BF16)) {
      for (int columns : LENGTHS) {
        SplittableRandom random = new SplittableRandom(columns);
        float[] weights = floats(random, 9 * columns);
        float[][] x = rows(random, 6, columns);
        float[][] y = Rows.of(6, 9);
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
        float[][] y = Rows.of(6, 9);
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

  @ParameterizedTest
  @MethodSource("sets")
  void computesARowAloneAsItDoesAmongOthers(Kernels kernels) {
    for (int columns : LENGTHS) {
      SplittableRandom random = new SplittableRandom(columns);
      Matrix w = matrix(Dtype.BF16, 11, columns, floats(random, 11 * columns));
      float[][] x = rows(random, 7, columns);
      float[][] together = Rows.of(7, 11);
      kernels.multiply(w, x, together, 0, 11);
      for (int r = 0; r < 7; r++) {
        for (int o = 0; o < 11; o++) {
          float[][] alone = Rows.of(1, 11);
          kernels.multiply(w, new float[][] {x[r]}, alone, o, o + 1);
          assertEquals(together[r][o], alone[0][o]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void dotsAndBlends(Kernels kernels) {
    for (int n : LENGTHS) {
      SplittableRandom random = new SplittableRandom(n);
      float[] a = floats(random, n + 3);
      float[][] rows = rows(random, 5, n + 2);
      float[] products = new float[3];
      kernels.dots(a, 3, rows, 1, 2, n, products);
      float[] out = floats(random, n + 2);
      float before = out[0];
      float after = out[n + 1];
      kernels.blend(products, rows, 1, 2, n, out, 1);
      for (int j = 0; j < 3; j++) {
        double wanted = 0;
        for (int i = 0; i < n; i++) {
          wanted += (double) a[3 + i] * rows[1 + j][2 + i];
        }
        assertEquals(wanted, products[j], 1e-5 * Math.sqrt(n));
      }
      for (int i = 0; i < n; i++) {
        double wanted = 0;
        for (int j = 0; j < 3; j++) {
          wanted += (double) products[j] * rows[1 + j][2 + i];
        }
        assertEquals(wanted, out[1 + i], 1e-5 * Math.sqrt(n));
      }
      assertEquals(before, out[0]);
      assertEquals(after, out[n + 1]);
    }
  }

  /** Long enough for the JIT compiler to take over from the interpreter on the way. */
  @ParameterizedTest
  @MethodSource("sets")
  void neverChangesABit(Kernels kernels) {
    SplittableRandom random = new SplittableRandom(1);
    int n = 77;
    Matrix w = matrix(Dtype.BF16, 5, n, floats(random, 5 * n));
    float[][] x = rows(random, 5, n);
    float[][] first = all(kernels, w, x);
    for (int i = 0; i < 20_000; i++) {
      assertArrayEquals(first, all(kernels, w, x));
    }
  }

  private static float[][] all(Kernels kernels, Matrix w, float[][] x) {
    float[][] y = Rows.of(7, 5);
    kernels.multiply(w, x, new float[][] {y[0], y[1], y[2], y[3], y[4]}, 0, 5);
    kernels.dots(x[0], 1, x, 0, 1, 76, y[5]);
    kernels.blend(y[5], x, 0, 3, 5, y[6], 0);
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
}
