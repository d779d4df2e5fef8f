package dev.tapscope.jlama;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.BFloat16BufferTensor;
import com.github.tjake.jlama.tensor.FloatBufferTensor;
import com.github.tjake.jlama.tensor.Q8ByteBufferTensor;
import com.github.tjake.jlama.tensor.TensorShape;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JlamaCodecTest {
  private final JlamaCodec codec = new JlamaCodec();

  @Test
  void isFoundByItsName() {
    assertTrue(
        ServiceLoader.load(TensorCodec.class).stream()
            .anyMatch(provider -> provider.type() == JlamaCodec.class));
    assertEquals("jlama", codec.name());
  }

  /** Rows as Jlama's own accessors see them, one value at a time. */
  @Test
  void rowsOfFloatsAreThoseJlamaSees() {
    FloatBufferTensor tensor = new FloatBufferTensor(3, 5);
    fill(tensor);
    assertEquals(3, codec.rows(tensor));
    assertEquals(5, codec.width(tensor));
    float[] row = new float[6];
    row[5] = -7;
    codec.read(tensor, 2, row);
    assertArrayEquals(new float[] {20, 21, 22, 23, 24, -7}, row);
    codec.write(tensor, 1, new float[] {-1, -2, -3, -4, -5, 99});
    assertEquals(-1, tensor.get(1, 0));
    assertEquals(-5, tensor.get(1, 4));
    assertEquals(4, tensor.get(0, 4), "the row before");
    assertEquals(20, tensor.get(2, 0), "the row behind");
  }

  @Test
  void rowsOfBf16AreThoseJlamaSees() {
    BFloat16BufferTensor tensor = new BFloat16BufferTensor(2, 3);
    fill(tensor);
    float[] row = new float[3];
    codec.read(tensor, 1, row);
    assertArrayEquals(new float[] {10, 11, 12}, row);
    codec.write(tensor, 0, new float[] {1.5f, -0.0f, 1e30f});
    assertEquals(1.5f, tensor.get(0, 0));
    assertEquals(0x80000000, Float.floatToRawIntBits(tensor.get(0, 1)));
    // 1e30 has the bits 7149f2ca: more than half a step above 7149.
    assertEquals(0x714a0000, Float.floatToRawIntBits(tensor.get(0, 2)));
    assertEquals(10, tensor.get(1, 0), "the row behind");
  }

  /** A row cut out of a tensor is a tensor that begins in the middle of the same memory. */
  @Test
  void aSliceBeginsAtItsOwnOffset() {
    FloatBufferTensor whole = new FloatBufferTensor(3, 4);
    fill(whole);
    AbstractTensor<?, ?> slice = whole.slice(2);
    assertEquals(1, codec.rows(slice));
    assertEquals(4, codec.width(slice));
    float[] row = new float[4];
    codec.read(slice, 0, row);
    assertArrayEquals(new float[] {20, 21, 22, 23}, row);
    codec.write(slice, 0, new float[] {5, 6, 7, 8});
    assertEquals(6, whole.get(2, 1));
    assertEquals(13, whole.get(1, 3));
  }

  /** Bits of the float, bits of the bf16 that is nearest to it. */
  @ParameterizedTest
  @CsvSource({
    "3f800000, 3f80", // 1
    "3f808000, 3f80", // half a step above 1: the even neighbour is below
    "3f808001, 3f81", // a bit more than half
    "3f807fff, 3f80", // a bit less than half
    "3f818000, 3f82", // half a step above an odd one: the even neighbour is above
    "bf818000, bf82", // the same below zero
    "3fffffff, 4000", // carries into the exponent
    "00008000, 0000", // half the smallest subnormal
    "00018000, 0002", // subnormals round like the others
    "7f7f7fff, 7f7f", // the last float that stays finite
    "7f7f8000, 7f80", // half a step above the largest: infinity
    "7f800000, 7f80", // infinity
    "ff800000, ff80",
    "80000000, 8000", // minus zero
    "7fc12345, 7fc1", // NaN stays NaN
    "7f800001, 7fc0", // also when all that makes it one is cut off
    "ff810000, ff81", // a NaN that is a bf16 keeps its bits
  })
  void roundsToTheNearestBf16TiesToEven(String single, String bf16) {
    BFloat16BufferTensor tensor = new BFloat16BufferTensor(1, 1);
    codec.write(
        tensor, 0, new float[] {Float.intBitsToFloat(Integer.parseUnsignedInt(single, 16))});
    float[] back = new float[1];
    codec.read(tensor, 0, back);
    assertEquals(bf16 + "0000", "%08x".formatted(Float.floatToRawIntBits(back[0])));
  }

  /** An edit that changes nothing must not change a bit. */
  @Test
  void everyBf16SurvivesTheTrip() {
    BFloat16BufferTensor tensor = new BFloat16BufferTensor(1, 1);
    float[] value = new float[1];
    for (int bits = 0; bits < 1 << 16; bits++) {
      value[0] = Float.intBitsToFloat(bits << 16);
      codec.write(tensor, 0, value);
      codec.read(tensor, 0, value);
      assertEquals(bits << 16, Float.floatToRawIntBits(value[0]));
    }
  }

  @Test
  void refusesQuantisedTensors() {
    FloatBufferTensor floats = new FloatBufferTensor(1, 32);
    assertRefused(
        "tensor-dtype",
        "reads tensors of F32 and BF16, but this one is I8",
        new Q8ByteBufferTensor(floats));
  }

  @Test
  void refusesATensorThatHoldsOnlySomeColumns() {
    AbstractTensor<?, ?> sparse = new FloatBufferTensor(2, 8).sparsify(4, 4);
    assertTrue(sparse.shape().isSparse());
    assertRefused("tensor-shape", "It holds a part of its columns", sparse);
  }

  @Test
  void refusesTensorsOfOtherDimensions() {
    assertRefused(
        "tensor-shape",
        "Tap a tensor with one row a position.",
        AbstractTensor.make(DType.F32, TensorShape.of(2, 3, 4)));
  }

  @Test
  void refusesWhatIsNoTensor() {
    assertRefused("tensor-type", "the tapped value is a float[]", new float[3]);
    assertRefused("tensor-type", "the tapped value is null", null);
  }

  private void assertRefused(String id, String words, Object value) {
    TapscopeException refusal =
        assertThrows(TapscopeException.class, () -> codec.read(value, 0, new float[64]));
    assertEquals(id, refusal.id());
    assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
    assertThrows(TapscopeException.class, () -> codec.rows(value));
    assertThrows(TapscopeException.class, () -> codec.width(value));
    assertThrows(TapscopeException.class, () -> codec.write(value, 0, new float[64]));
  }

  /** Value at row r, column c: 10 r + c. */
  private static void fill(AbstractTensor<?, ?> tensor) {
    for (int row = 0; row < tensor.shape().first(); row++) {
      for (int column = 0; column < tensor.shape().last(); column++) {
        tensor.set(10 * row + column, row, column);
      }
    }
  }
}
