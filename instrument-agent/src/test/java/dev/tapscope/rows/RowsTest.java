package dev.tapscope.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TensorCodec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowsTest {
  private static float[] read(Rows rows, int row) {
    float[] into = new float[rows.width(row)];
    rows.read(row, into);
    return into;
  }

  @Test
  void anArrayIsOneRowAndAnArrayOfArraysIsMany() {
    float[] one = {1, 2, 3};
    Rows row = RowsOf.value(one);
    assertEquals(1, row.rows());
    assertEquals(Rows.NO_HEAD, row.head(0));
    row.write(0, new float[] {4, 5, 6, 7});
    assertArrayEquals(new float[] {4, 5, 6}, one);

    float[][] many = {{1, 2}, {3, 4}, {5, 6}};
    Rows rows = RowsOf.value(many);
    assertEquals(3, rows.rows());
    assertEquals(3, rows.positions());
    assertEquals(2, rows.position(2));
    assertArrayEquals(new float[] {5, 6}, read(rows, 2));
    rows.write(1, new float[] {8, 9});
    assertArrayEquals(new float[] {8, 9}, many[1]);
  }

  @Test
  void attentionHasARowForEachPositionAndHead() {
    float[][][] value = {{{1}, {2}}, {{3, 4}, {5, 6}}};
    Rows rows = RowsOf.value(value);
    assertEquals(4, rows.rows());
    assertEquals(2, rows.positions());
    assertEquals(1, rows.position(3));
    assertEquals(1, rows.head(3));
    assertEquals(1, rows.position(2));
    assertEquals(0, rows.head(2));
    assertEquals(1, rows.width(1));
    assertArrayEquals(new float[] {3, 4}, read(rows, 2));
    rows.write(2, new float[] {7, 8});
    assertArrayEquals(new float[] {7, 8}, value[1][0]);
    assertThrows(
        IllegalArgumentException.class, () -> RowsOf.value(new float[][][] {{{1}, {2}}, {{3, 4}}}));
  }

  @Test
  void aBufferIsOneRowFromPositionToLimit() {
    FloatBuffer buffer = FloatBuffer.wrap(new float[] {1, 2, 3, 4, 5});
    buffer.position(1).limit(4);
    Rows rows = RowsOf.value(buffer);
    assertEquals(1, rows.rows());
    assertArrayEquals(new float[] {2, 3, 4}, read(rows, 0));
    rows.write(0, new float[] {7, 8, 9});
    assertArrayEquals(new float[] {1, 7, 8, 9, 5}, buffer.array());
    assertEquals(1, buffer.position());
    assertEquals(4, buffer.limit());
  }

  /** A buffer of {@code capacity} places: keys at the given place, elsewhere what is left over. */
  private static FloatBuffer keys(FloatBuffer buffer, int at, float... values) {
    for (int i = 0; i < buffer.capacity(); i++) {
      buffer.put(i, -1);
    }
    buffer.put(at, values);
    return buffer.limit(at + values.length).position(at);
  }

  private static FloatBuffer direct(int capacity, ByteOrder order) {
    return ByteBuffer.allocateDirect(4 * capacity).order(order).asFloatBuffer();
  }

  private static float[] all(FloatBuffer buffer) {
    float[] all = new float[buffer.capacity()];
    buffer.duplicate().clear().get(all);
    return all;
  }

  @Test
  void buffersAreARowForEachPosition() {
    FloatBuffer[] value = {
      keys(FloatBuffer.allocate(4), 0, 1, 2), keys(direct(4, ByteOrder.LITTLE_ENDIAN), 2, 3, 4)
    };
    Rows rows = RowsOf.value(value);
    assertEquals(2, rows.rows());
    assertEquals(2, rows.positions());
    assertEquals(1, rows.position(1));
    assertEquals(Rows.NO_HEAD, rows.head(1));
    assertArrayEquals(new float[] {3, 4}, read(rows, 1));
    rows.write(1, new float[] {5, 6});
    assertArrayEquals(new float[] {-1, -1, 5, 6}, all(value[1]));
  }

  @Test
  void attentionInBuffersHasARowForEachPositionAndHead() {
    FloatBuffer[][] value = {
      {keys(FloatBuffer.allocate(5), 0, 1), keys(FloatBuffer.allocate(5), 4, 2)},
      {
        keys(FloatBuffer.allocate(5), 1, 3, 4, 5),
        keys(direct(5, ByteOrder.LITTLE_ENDIAN), 2, 6, 7, 8)
      },
      {keys(direct(5, ByteOrder.BIG_ENDIAN), 1, 9, 10), keys(FloatBuffer.allocate(5), 0, 11, 12)}
    };
    Rows rows = RowsOf.value(value);
    assertEquals(6, rows.rows());
    assertEquals(3, rows.positions());
    assertEquals(2, rows.position(5));
    assertEquals(1, rows.head(5));
    assertEquals(2, rows.position(4));
    assertEquals(0, rows.head(4));
    float[][] expected = {{1}, {2}, {3, 4, 5}, {6, 7, 8}, {9, 10}, {11, 12}};
    for (int row = 0; row < expected.length; row++) {
      assertEquals(expected[row].length, rows.width(row));
      assertArrayEquals(expected[row], read(rows, row));
      assertTrue(rows.writable(row));
    }
    float[] into = {0, 0, 0, 0};
    rows.read(4, into, 1);
    assertArrayEquals(new float[] {0, 9, 10, 0}, into);
    rows.write(3, new float[] {60, 70, 80, 90});
    rows.write(4, new float[] {91, 92});
    assertArrayEquals(new float[] {-1, -1, 60, 70, 80}, all(value[1][1]));
    assertArrayEquals(new float[] {-1, 91, 92, -1, -1}, all(value[2][0]));
    assertArrayEquals(new float[] {-1, 3, 4, 5, -1}, all(value[1][0]));
    assertEquals(2, value[1][1].position());
    assertEquals(5, value[1][1].limit());
    assertThrows(
        IllegalArgumentException.class,
        () -> RowsOf.value(new FloatBuffer[][] {value[0], {value[1][0]}}));
  }

  @Test
  void aReadOnlyBufferIsReadAndKnownNotToBeWritable() {
    FloatBuffer fixed = keys(FloatBuffer.allocate(3), 1, 1, 2).asReadOnlyBuffer();
    Rows heads = RowsOf.value(new FloatBuffer[][] {{keys(FloatBuffer.allocate(2), 0, 3), fixed}});
    assertArrayEquals(new float[] {1, 2}, read(heads, 1));
    assertTrue(heads.writable(0));
    assertFalse(heads.writable(1));
    assertFalse(RowsOf.value(fixed).writable(0));
    assertFalse(RowsOf.scaled(heads, 2).writable(1));
    assertFalse(RowsOf.rms(RowsOf.value(new float[2]), 1, RowsOf.value(fixed), gain).writable(0));
    FloatBuffer copied = (FloatBuffer) RowsOf.copy(fixed);
    assertFalse(copied.isReadOnly());
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        float[].class,
        float[][].class,
        float[][][].class,
        FloatBuffer.class,
        FloatBuffer[].class,
        FloatBuffer[][].class,
        Object.class
      })
  void staticTypesThatMayHoldRowsAreKnown(Class<?> type) {
    assertTrue(RowsOf.knows(type));
  }

  @ParameterizedTest
  @ValueSource(
      classes = {double[].class, float[][][][].class, FloatBuffer[][][].class, String.class})
  void staticTypesThatHoldNoneAreNot(Class<?> type) {
    assertFalse(RowsOf.knows(type));
  }

  @Test
  void aForeignTensorIsReadThroughItsCodec() {
    double[][] tensor = {{1, 2}, {3, 4}};
    Rows rows = RowsOf.tensor(new Doubles(), tensor);
    assertEquals(2, rows.rows());
    assertArrayEquals(new float[] {3, 4}, read(rows, 1));
    rows.write(0, new float[] {5, 6});
    assertArrayEquals(new double[] {5, 6}, tensor[0]);
  }

  @Test
  void otherValuesAreRefusedWithTheRemedy() {
    String words =
        assertThrows(IllegalArgumentException.class, () -> RowsOf.value(new double[2]))
            .getMessage();
    assertEquals(
        "a double[] has no rows known here; name a codec in the profile ('value ... as NAME')",
        words);
    assertThrows(IllegalArgumentException.class, () -> RowsOf.value(null));
  }

  // x = (3, 4): mean square 12.5; with eps 12.5 the divisor is 5, so the row shows as (0.6, 0.8).
  private final float[][] source = {{3, 4}, {0, 0}};
  private final float[][] target = {{0.11f, 0.22f}, {7, 7}};
  private final float[] gain = {10, 100};
  private final Rows rms = RowsOf.rms(RowsOf.value(source), 12.5f, RowsOf.value(target), gain);

  @Test
  void rmsShowsTheNormWithoutItsGain() {
    assertArrayEquals(new float[] {0.6f, 0.8f}, read(rms, 0));
    assertArrayEquals(new float[] {0, 0}, read(rms, 1));
    assertArrayEquals(new float[] {3, 4}, source[0]);
  }

  @Test
  void rmsIsWrittenThroughTheGain() {
    rms.write(0, new float[] {2, 3});
    assertArrayEquals(new float[] {20, 300}, target[0]);
    assertArrayEquals(new float[] {7, 7}, target[1]);
    assertArrayEquals(new float[] {2, 3}, read(rms, 0));
  }

  @Test
  void anUnchangedElementLeavesTheTargetsOwnBits() {
    float[] row = read(rms, 0);
    row[1] = 3;
    rms.write(0, row);
    assertArrayEquals(new float[] {0.11f, 300}, target[0]);
    rms.write(0, new float[] {0.6f, 0.8f});
    assertArrayEquals(new float[] {0.11f, 0.22f}, target[0]);
  }

  @Test
  void rmsOfPartsThatDoNotFitIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> RowsOf.rms(RowsOf.value(source), 1, RowsOf.value(new float[1][2]), gain));
    Rows narrow = RowsOf.rms(RowsOf.value(source), 1, RowsOf.value(target), new float[1]);
    assertThrows(IllegalArgumentException.class, () -> narrow.write(0, new float[] {1, 2}));
  }

  /** 0.1f * 3f is not what 0.3f is; what is not touched keeps its bits all the same. */
  @Test
  void scaledRowsAreShownTimesTheFactorAndWrittenBackDivided() {
    float[][] model = {{0.1f, 2}, {8, 9}};
    Rows scaled = RowsOf.scaled(RowsOf.value(model), 3);
    float[] row = read(scaled, 0);
    assertArrayEquals(new float[] {0.1f * 3, 6}, row);
    row[1] = 12;
    scaled.write(0, row);
    assertArrayEquals(new float[] {0.1f, 4}, model[0]);
    assertArrayEquals(new float[] {8, 9}, model[1]);
    assertArrayEquals(new float[] {0.1f * 3, 12}, read(scaled, 0));
    scaled.write(0, new float[] {0.1f * 3, 6});
    assertArrayEquals(new float[] {0.1f, 2}, model[0]);
  }

  @Test
  void scaledHeadsKeepTheirPositions() {
    float[][][] heads = {{{1}, {2}}, {{3}, {4}}, {{5}, {6}}};
    Rows scaled = RowsOf.scaled(RowsOf.value(heads), 10);
    assertEquals(6, scaled.rows());
    assertEquals(3, scaled.positions());
    assertEquals(2, scaled.position(5));
    assertEquals(1, scaled.head(5));
    assertArrayEquals(new float[] {60}, read(scaled, 5));
  }

  @Test
  void aFactorThatCannotBeDividedByIsRefused() {
    for (float factor : new float[] {0, -0f, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThrows(
          IllegalArgumentException.class, () -> RowsOf.scaled(RowsOf.value(source), factor));
    }
  }

  @Test
  void aCopyHasItsOwnStorage() {
    float[][][] heads = {{{1}, {2}}};
    float[][][] other = (float[][][]) RowsOf.copy(heads);
    other[0][1][0] = 9;
    assertArrayEquals(new float[] {2}, heads[0][1]);
    float[] row = (float[]) RowsOf.copy(gain);
    row[0] = 9;
    assertArrayEquals(new float[] {10, 100}, gain);
    float[][] rows = (float[][]) RowsOf.copy(source);
    rows[0][0] = 9;
    assertArrayEquals(new float[] {3, 4}, source[0]);
    FloatBuffer buffer = FloatBuffer.wrap(new float[] {1, 2, 3}, 1, 2);
    FloatBuffer copied = (FloatBuffer) RowsOf.copy(buffer);
    copied.put(0, 9);
    assertEquals(2, copied.remaining());
    assertEquals(2, buffer.get(1));
    assertEquals(1, buffer.position());
    assertThrows(IllegalArgumentException.class, () -> RowsOf.copy("text"));
  }

  @Test
  void aCopyOfBuffersHoldsWhatRemainsOfThem() {
    FloatBuffer[][] heads = {
      {keys(FloatBuffer.allocate(9), 2, 1, 2, 3), keys(direct(5, ByteOrder.LITTLE_ENDIAN), 1, 4)},
      {keys(FloatBuffer.allocate(4), 0, 5), keys(FloatBuffer.allocate(4), 3, 6)}
    };
    FloatBuffer[][] other = (FloatBuffer[][]) RowsOf.copy(heads);
    Rows copied = RowsOf.value(other);
    float[][] expected = {{1, 2, 3}, {4}, {5}, {6}};
    for (int row = 0; row < expected.length; row++) {
      assertArrayEquals(expected[row], read(copied, row));
      assertEquals(expected[row].length, other[row / 2][row % 2].capacity());
    }
    copied.write(0, new float[] {7, 8, 9});
    assertArrayEquals(new float[] {-1, -1, 1, 2, 3, -1, -1, -1, -1}, all(heads[0][0]));
    assertEquals(2, heads[0][0].position());
    assertEquals(5, heads[0][0].limit());
    FloatBuffer[] rows = (FloatBuffer[]) RowsOf.copy(heads[0]);
    rows[1].put(0, 10);
    assertEquals(4, heads[0][1].get(1));
  }

  private static final class Doubles implements TensorCodec {
    @Override
    public String name() {
      return "doubles";
    }

    @Override
    public int rows(Object tensor) {
      return ((double[][]) tensor).length;
    }

    @Override
    public int width(Object tensor) {
      return ((double[][]) tensor)[0].length;
    }

    @Override
    public void read(Object tensor, int row, float[] into) {
      for (int i = 0; i < width(tensor); i++) {
        into[i] = (float) ((double[][]) tensor)[row][i];
      }
    }

    @Override
    public void write(Object tensor, int row, float[] from) {
      for (int i = 0; i < width(tensor); i++) {
        ((double[][]) tensor)[row][i] = from[i];
      }
    }
  }
}
