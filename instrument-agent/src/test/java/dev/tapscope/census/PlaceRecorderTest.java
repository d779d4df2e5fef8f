package dev.tapscope.census;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PlaceRecorderTest {
  private static final Place PLACE =
      new Place(
          1,
          Place.Kind.STORE,
          "a.b.Block.forward()",
          "after store local x 1 of 1",
          "local x",
          "FloatBuffer[][]",
          0,
          false,
          List.of(),
          List.of());

  private final ByteArrayOutputStream told = new ByteArrayOutputStream();
  private final Recorder recorder =
      new Recorder(Map.of(), 1 << 20, new PrintStream(told, true, StandardCharsets.UTF_8));
  private final PlaceRecorder place = new PlaceRecorder(recorder, PLACE);

  @AfterEach
  void nothingWasTold() {
    assertEquals("", told.toString(StandardCharsets.UTF_8));
  }

  private Optional<Look> look(Object value) {
    place.record(value, new Object[0]);
    List<Fire> fires = place.seen().fires();
    return fires.get(fires.size() - 1).look();
  }

  static Stream<Object> unfilled() {
    return Stream.of(
        new float[1][],
        new float[1][2][],
        new FloatBuffer[1],
        new FloatBuffer[1][],
        new FloatBuffer[][] {{FloatBuffer.allocate(1), null}});
  }

  @ParameterizedTest
  @MethodSource
  void unfilled(Object value) {
    assertEquals(Optional.empty(), look(value), "an array is shown before it is filled");
  }

  @Test
  void ofABufferWhatRemainsIsLookedAt() {
    FloatBuffer[][] value = {
      {FloatBuffer.wrap(new float[] {9, 1, 2, 9}, 1, 2)},
      {FloatBuffer.wrap(new float[] {9, 9, 3, 4, 5}, 2, 3)}
    };
    Look look = look(value).orElseThrow();
    assertEquals(2, look.rows());
    assertEquals(2, look.positions());
    assertArrayEquals(new int[] {2, 3}, look.widths());
    assertArrayEquals(new float[][] {{1, 2}, {3, 4, 5}}, look.samples());
    assertArrayEquals(new float[] {1, 2}, look.first());
  }
}
