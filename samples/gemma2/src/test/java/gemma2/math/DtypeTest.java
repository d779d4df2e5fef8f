package gemma2.math;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gemma2.testing.SafetensorsWriter;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DtypeTest {

  @Test
  void widensBitPatterns() {
    MemorySegment halves = MemorySegment.ofArray(new short[] {0x3C00, (short) 0xC500, 0x0001});
    assertEquals(1f, Dtype.F16.read(halves, 0));
    assertEquals(-5f, Dtype.F16.read(halves, 1));
    assertEquals(0x1p-24f, Dtype.F16.read(halves, 2));
    MemorySegment brains = MemorySegment.ofArray(new short[] {0x3F80, (short) 0xC0A0, 0x7F7F});
    assertEquals(1f, Dtype.BF16.read(brains, 0));
    assertEquals(-5f, Dtype.BF16.read(brains, 1));
    assertEquals(0x1.FEp127f, Dtype.BF16.read(brains, 2));
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void findsTheFirstNumberThatIsNotFinite(Dtype dtype) {
    for (int length = 1; length <= 9; length++) {
      float[] numbers = new float[length];
      Arrays.fill(numbers, -60000f);
      assertEquals(OptionalLong.empty(), matrix(dtype, numbers).firstNonFinite());
      for (int at = 0; at < length; at++) {
        for (float bad :
            new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
          float[] broken = numbers.clone();
          broken[at] = bad;
          broken[length - 1] = at == length - 1 ? bad : Float.NaN;
          assertEquals(OptionalLong.of(at), matrix(dtype, broken).firstNonFinite());
        }
      }
    }
  }

  private static Matrix matrix(Dtype dtype, float[] numbers) {
    byte[] bytes = SafetensorsWriter.encode(dtype, numbers);
    return new Matrix(MemorySegment.ofArray(bytes), dtype, 1, numbers.length);
  }
}
