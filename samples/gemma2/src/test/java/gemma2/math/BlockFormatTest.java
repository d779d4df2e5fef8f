package gemma2.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.Blocks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BlockFormatTest {

  private static final int ROWS = 7;
  private static final int COLUMNS = 768;

  @ParameterizedTest
  @CsvSource({"Q8_0, 32, 34", "Q4_0, 32, 18", "Q4_K, 256, 144", "Q6_K, 256, 210"})
  void hasTheSizesOfGgml(Dtype dtype, int length, int bytes) {
    assertEquals(length, dtype.blockLength());
    assertEquals(bytes, dtype.blockBytes());
    assertEquals(3L * bytes, dtype.bytes(3L * length));
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
  void widensEveryNumberOfABlock(Dtype dtype) {
    byte[] blocks =
        Blocks.random(dtype, ROWS * COLUMNS / dtype.blockLength(), new SplittableRandom(3));
    Matrix matrix = matrix(dtype, blocks);
    float[] row = new float[COLUMNS + 2];
    for (int r = 0; r < ROWS; r++) {
      Arrays.fill(row, 77);
      matrix.widen(r, row, 1);
      assertEquals(77, row[0]);
      assertEquals(77, row[COLUMNS + 1]);
      for (int c = 0; c < COLUMNS; c++) {
        double wanted = Blocks.number(dtype, blocks, r * COLUMNS + c);
        // Q4_K's difference may cancel: its error is that of what is subtracted.
        double size = Math.abs(wanted) + (dtype == Dtype.Q4_K ? 63 : 0);
        assertEquals(wanted, row[1 + c], 0x1p-23 * size, "row %d, column %d".formatted(r, c));
        assertEquals(row[1 + c], dtype.read(matrix.data(), (long) r * COLUMNS + c));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void widensPartsOfARow(Dtype dtype) {
    byte[] bytes = bytes(dtype);
    Matrix matrix = matrix(dtype, bytes);
    float[] row = new float[COLUMNS];
    matrix.widen(5, row, 0);
    byte[] part = new byte[4 * 512 + 3];
    matrix.widen(5, 256, 512, MemorySegment.ofArray(part), 3);
    MemorySegment floats = MemorySegment.ofArray(part);
    for (int i = 0; i < 512; i++) {
      assertEquals(row[256 + i], floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 3 + 4L * i));
    }
    MemorySegment out = MemorySegment.ofArray(part);
    assertThrows(
        IndexOutOfBoundsException.class, () -> matrix.widen(5, 512, 512, out, 0), "beyond the row");
  }

  private static byte[] bytes(Dtype dtype) {
    SplittableRandom random = new SplittableRandom(5);
    if (dtype.blockLength() > 1) {
      return Blocks.random(dtype, ROWS * COLUMNS / dtype.blockLength(), random);
    }
    byte[] bytes = new byte[(int) dtype.bytes(ROWS * COLUMNS)];
    random.nextBytes(bytes);
    return bytes;
  }

  @Test
  void refusesWhatIsNoWholeBlock() {
    Matrix matrix = matrix(Dtype.Q4_K, bytes(Dtype.Q4_K));
    MemorySegment out = MemorySegment.ofArray(new float[COLUMNS]);
    for (int[] part : new int[][] {{128, 256}, {0, 255}, {1, 256}}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> matrix.widen(0, part[0], part[1], out, 0))
              .getMessage();
      assertTrue(message.contains("are no whole blocks of 256"), message);
    }
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new Matrix(MemorySegment.ofArray(new byte[144]), Dtype.Q4_K, 2, 128))
            .getMessage();
    assertTrue(message.contains("128 fill no whole number of blocks"), message);
  }

  /** Each scale in turn, in a block in the middle. */
  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
  void findsScalesThatAreNotFinite(Dtype dtype) {
    assertEquals(OptionalLong.empty(), matrix(dtype, bytes(dtype)).firstNonFinite());
    int broken = 2 * COLUMNS / dtype.blockLength() + 1;
    for (int at : Blocks.scales(dtype)) {
      for (int high : new int[] {0x7C, 0xFC, 0x7E}) {
        byte[] bytes = bytes(dtype);
        bytes[broken * dtype.blockBytes() + at] = 0;
        bytes[broken * dtype.blockBytes() + at + 1] = (byte) high;
        assertEquals(
            OptionalLong.of((long) broken * dtype.blockLength()),
            matrix(dtype, bytes).firstNonFinite());
      }
    }
  }

  /** The quantisers of the tests are the inverse, roughly, of the definition they are read by. */
  @ParameterizedTest
  @CsvSource({"Q8_0, 0.005", "Q4_0, 0.08", "Q4_K, 0.08", "Q6_K, 0.02"})
  void holdsNumbersRoughly(Dtype dtype, double share) {
    SplittableRandom random = new SplittableRandom(9);
    float[] numbers = new float[1024];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) random.nextDouble(-1, 1);
    }
    byte[] blocks = Blocks.quantize(dtype, numbers);
    for (int i = 0; i < numbers.length; i++) {
      assertEquals(numbers[i], Blocks.number(dtype, blocks, i), share);
    }
  }

  private static Matrix matrix(Dtype dtype, byte[] bytes) {
    return new Matrix(MemorySegment.ofArray(bytes), dtype, ROWS, COLUMNS);
  }
}
