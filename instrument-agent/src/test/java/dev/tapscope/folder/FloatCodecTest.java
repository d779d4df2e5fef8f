package dev.tapscope.folder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FloatCodecTest {
  /** Bits by hand from the formats' definitions. */
  @ParameterizedTest
  @CsvSource({
    "0x1p0, 3c00, 3f80",
    "-0x1p1, c000, c000",
    "0x0p0, 0000, 0000",
    "-0x0p0, 8000, 8000",
    "0x1.8p0, 3e00, 3fc0",
    // f16: one unit in the last place of 1 is 2^-10; ties go to the even neighbour
    "0x1.002p0, 3c00, 3f80",
    "0x1.006p0, 3c02, 3f80",
    "0x1.0021p0, 3c01, 3f80",
    // bf16: one unit in the last place of 1 is 2^-7
    "0x1.01p0, 3c04, 3f80",
    "0x1.03p0, 3c0c, 3f82",
    "0x1.0101p0, 3c04, 3f81",
    // f16: smallest normal, largest subnormal, smallest subnormal, half of it, more than half of it
    "0x1p-14, 0400, 3880",
    "0x1.ff8p-15, 03ff, 3880",
    "0x1p-24, 0001, 3380",
    "0x1p-25, 0000, 3300",
    "0x1.8p-25, 0001, 3340",
    "0x1.ffffp-15, 0400, 3880",
    // f16: largest finite value, and the largest value that rounds to it
    "65504, 7bff, 4780",
    "65519, 7bff, 4780",
    "Infinity, 7c00, 7f80",
    "-Infinity, fc00, ff80"
  })
  void rounds(String value, String f16, String bf16) {
    float x = Float.parseFloat(value);
    assertEquals(f16, hex(FloatCodec.f16(x)), "f16 of " + value);
    assertEquals(bf16, hex(FloatCodec.bf16(x)), "bf16 of " + value);
  }

  @Test
  void everyF16ValueComesBackExactly() {
    for (int bits = 0; bits < 0x10000; bits++) {
      float value = fromF16(bits);
      if (Float.isNaN(value)) {
        assertTrue(Float.isNaN(fromF16(FloatCodec.f16(value) & 0xffff)), hex((short) bits));
      } else {
        assertEquals(hex((short) bits), hex(FloatCodec.f16(value)));
      }
    }
  }

  @Test
  void nanStaysNan() {
    for (int bits : new int[] {0x7fc00000, 0x7f800001, 0xffffffff, 0xff800001}) {
      float nan = Float.intBitsToFloat(bits);
      assertTrue(Float.isNaN(Float.intBitsToFloat(FloatCodec.bf16(nan) << 16)));
      assertTrue(Float.isNaN(fromF16(FloatCodec.f16(nan) & 0xffff)));
    }
  }

  @Test
  void findsTheFirstValueF16CannotHold() {
    assertEquals(-1, FloatCodec.firstF16Overflow(new float[] {65519, -65519}, 2));
    assertEquals(1, FloatCodec.firstF16Overflow(new float[] {0, -65520, 1e30f}, 3));
    assertEquals(-1, FloatCodec.firstF16Overflow(new float[] {Float.POSITIVE_INFINITY}, 1));
    assertEquals(-1, FloatCodec.firstF16Overflow(new float[] {0, 1e9f}, 1));
  }

  @Test
  void encodesOnlyTheWidth() {
    assertArrayEquals(
        new byte[] {0, 0, (byte) 0x80, 0x3f}, FloatCodec.encode(new float[] {1, 2}, 1, Dtype.F32));
    assertArrayEquals(
        new byte[] {(byte) 0x80, 0x3f}, FloatCodec.encode(new float[] {1, 2}, 1, Dtype.BF16));
  }

  /** Decodes by the format's definition. */
  private static float fromF16(int bits) {
    int exponent = bits >>> 10 & 31;
    int fraction = bits & 1023;
    double magnitude =
        exponent == 31
            ? fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN
            : exponent == 0
                ? fraction * 0x1p-24
                : (1 + fraction / 1024.0) * Math.pow(2, exponent - 15);
    return (float) ((bits & 0x8000) == 0 ? magnitude : -magnitude);
  }

  private static String hex(short bits) {
    return String.format("%04x", bits);
  }
}
