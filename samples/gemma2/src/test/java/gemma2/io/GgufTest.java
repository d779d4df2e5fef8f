package gemma2.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.math.Dtype;
import gemma2.testing.Blocks;
import gemma2.testing.GgufModel;
import gemma2.testing.GgufWriter;
import gemma2.testing.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTest {

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void readsMetadataOfEveryType(int version) {
    GgufWriter writer = new GgufWriter().version(version);
    writer.string("a.string", "▁x\u0000").string("empty", "");
    writer.number("u8", GgufWriter.UINT8, 200).number("u32", GgufWriter.UINT32, 4_000_000_000L);
    writer.number("i32", GgufWriter.INT32, -7).number("u64", GgufWriter.UINT64, 1L << 40);
    writer.number("f32", GgufWriter.FLOAT32, 1e-6).number("yes", GgufWriter.BOOL, 1);
    writer.strings("strings", List.of("a", "", "bc"));
    writer.numbers("floats", GgufWriter.FLOAT32, List.of(0.5, -2.25));
    writer.numbers("flags", GgufWriter.BOOL, List.of(0, 1));
    Gguf gguf = open(writer.bytes());
    assertEquals(version, gguf.version());
    Fields metadata = gguf.metadata();
    assertEquals("▁x\u0000", metadata.string("a.string"));
    assertEquals("", metadata.string("empty"));
    assertEquals(200, metadata.integer("u8", 0, 255));
    assertEquals(new Json.Num("4000000000"), metadata.get("u32"));
    assertEquals(-7, metadata.integer("i32", -9, 9));
    assertEquals(new Json.Num("1099511627776"), metadata.get("u64"));
    assertEquals(1e-6, metadata.positive("f32"));
    assertTrue(metadata.flag("yes", false));
    assertEquals(
        List.of(new Json.Str("a"), new Json.Str(""), new Json.Str("bc")),
        metadata.array("strings"));
    assertEquals(List.of(new Json.Num("0.5"), new Json.Num("-2.25")), metadata.array("floats"));
    assertEquals(List.of(new Json.Bool(false), new Json.Bool(true)), metadata.array("flags"));
    assertEquals(List.of(), gguf.tensors());
  }

  /** The other types, which the writer has not, as bytes: -2 and 65534, 3.5 in double, -5. */
  @ParameterizedTest
  @CsvSource({
    "1, fe, -2",
    "2, feff, 65534",
    "3, feff, -2",
    "11, fbffffffffffffff, -5",
    "10, ffffffffffffffff, 18446744073709551615",
    "12, 0000000000000c40, 3.5"
  })
  void readsNumbersOfEveryWidth(int type, String hex, String digits) {
    byte[] value = HexFormat.of().parseHex(hex);
    byte[] file = new byte[24 + 8 + 1 + 4 + value.length];
    ByteBuffer.wrap(file)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0x46554747)
        .putInt(3)
        .putLong(0)
        .putLong(1)
        .putLong(1)
        .put((byte) 'k')
        .putInt(type)
        .put(value);
    assertEquals(new Json.Num(digits), open(file).metadata().get("k"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8, 32, 256})
  void readsTensorsOfEveryTypeAtEveryAlignment(int alignment) {
    GgufWriter writer = new GgufWriter().alignment(alignment);
    SplittableRandom random = new SplittableRandom(1);
    for (Dtype dtype : Dtype.values()) {
      byte[] data = new byte[(int) dtype.bytes(3 * 256)];
      random.nextBytes(data);
      writer.tensor(dtype.name(), GgufModel.type(dtype), List.of(3, 256), data);
    }
    writer.tensor("odd", 0, List.of(2, 1, 3), new byte[24]);
    List<Tensor> tensors = open(writer.bytes()).tensors();
    assertEquals(Dtype.values().length + 1, tensors.size());
    random = new SplittableRandom(1);
    for (Dtype dtype : Dtype.values()) {
      Tensor tensor = tensors.get(dtype.ordinal());
      byte[] data = new byte[(int) dtype.bytes(3 * 256)];
      random.nextBytes(data);
      assertEquals(dtype.name(), tensor.name());
      assertEquals(dtype, tensor.dtype());
      assertEquals(List.of(3L, 256L), tensor.shape());
      assertEquals(3 * 256, tensor.count());
      assertEquals(-1, MemorySegment.ofArray(data).mismatch(tensor.data()));
    }
    assertEquals(List.of(2L, 1L, 3L), tensors.getLast().shape());
  }

  @Test
  void readsAMatrixByTheNameOfSafetensors() {
    byte[] blocks = Blocks.random(Dtype.Q8_0, 2, new SplittableRandom(4));
    new GgufWriter()
        .tensor("blk.7.ffn_down.weight", 8, List.of(2, 32), blocks)
        .tensor("blk.7.other.weight", 0, List.of(1), new byte[4])
        .write(folder.resolve("m.gguf"));
    Checkpoint checkpoint = Checkpoint.open(folder);
    float[] row = new float[32];
    checkpoint.matrix("model.layers.7.mlp.down_proj.weight", 2, 32).widen(1, row, 0);
    assertEquals((float) Blocks.number(Dtype.Q8_0, blocks, 37), row[5]);
    assertEquals(List.of("blk.7.other.weight"), checkpoint.unused());
    String missing =
        assertThrows(
                InputException.class,
                () -> checkpoint.vector("model.layers.3.post_feedforward_layernorm.weight", 1))
            .getMessage();
    assertTrue(missing.contains("no tensor blk.3.post_ffw_norm.weight"), missing);
    assertTrue(missing.contains("which the metadata asks for"), missing);
  }

  @Test
  void findsTheOnlyFileOfAFolder() throws IOException {
    assertTrue(Gguf.find(folder).isEmpty());
    assertTrue(Gguf.find(folder.resolve("none.gguf")).isEmpty());
    new GgufWriter().write(folder.resolve("one.GGUF"));
    assertEquals(folder.resolve("one.GGUF"), Gguf.find(folder).orElseThrow().file());
    new GgufWriter().write(folder.resolve("two.gguf"));
    String message = assertThrows(InputException.class, () -> Gguf.find(folder)).getMessage();
    assertTrue(message.contains("holds 2 GGUF files. Name one of them"), message);
    assertTrue(Gguf.find(folder.resolve("two.gguf")).isPresent());
    new SafetensorsWriter()
        .add("a", Dtype.F32, List.of(1), new float[1])
        .write(folder.resolve("model.safetensors"));
    assertTrue(Gguf.find(folder).isEmpty(), "the safetensors go first");
    Files.delete(folder.resolve("model.safetensors"));
  }

  static Stream<Arguments> unusable() {
    byte[] four = new byte[4];
    byte[] much = new byte[64];
    return Stream.of(
        refused("is of version 1 of the format, and versions 2 and 3", new GgufWriter().version(1)),
        refused("is of version 4 of", new GgufWriter().version(4)),
        refused("is written big-endian", new GgufWriter().version(3 << 24)),
        refused("names \"k\" twice", new GgufWriter().string("k", "").string("k", "")),
        refused("true or false, written 1 or 0, but is 2", key(GgufWriter.BOOL, 2)),
        refused("one of 3 parts of a model", split(3)),
        refused("must be a power of two, but is the number 24", alignment(24)),
        refused("general.alignment\" must be a whole number from 1", alignment(0)),
        refused("tensor t is stored as Q5_K, and only F32, F16, BF16, Q8_0", tensor(13, 1, much)),
        refused("tensor t is stored as IQ4_XS", tensor(23, 1, much)),
        refused("tensor t is stored as type 99", tensor(99, 1, much)),
        refused("a row of tensor t has 33 numbers, and Q8_0 comes in", tensor(8, 33, much)),
        refused("names tensor t twice", tensor(0, 1, four).tensor("t", 0, List.of(1), four)),
        refused("tensor t takes 400 bytes from byte 0 of the data on", tensor(0, 100, much)),
        refused("60 bytes at its end belong to no tensor", tensor(0, 1, four), 32));
  }

  private static GgufWriter key(int type, double value) {
    return new GgufWriter().number("k", type, value);
  }

  private static GgufWriter split(int parts) {
    return new GgufWriter().number("split.count", GgufWriter.UINT32, parts);
  }

  private static GgufWriter alignment(int alignment) {
    return new GgufWriter().number("general.alignment", GgufWriter.UINT32, alignment);
  }

  private static GgufWriter tensor(int type, int columns, byte[] data) {
    return new GgufWriter().tensor("t", type, List.of(columns), data);
  }

  private static Arguments refused(String why, GgufWriter writer) {
    return Arguments.of(why, writer.bytes());
  }

  private static Arguments refused(String why, GgufWriter writer, int more) {
    byte[] bytes = writer.bytes();
    return Arguments.of(why, Arrays.copyOf(bytes, bytes.length + more));
  }

  @ParameterizedTest
  @MethodSource("unusable")
  void saysWhyAFileCannotBeUsed(String why, byte[] bytes) {
    InputException refusal = assertThrows(InputException.class, () -> open(bytes).tensors());
    assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
    assertTrue(refusal.getMessage().contains("model.gguf"), refusal.getMessage());
    assertTrue(refusal.id().startsWith("gguf-"), refusal.id());
  }

  @Test
  void takesAWholeFileOfOnePart() {
    assertFalse(open(split(1).bytes()).metadata().names().isEmpty());
  }

  static Gguf open(byte[] bytes) {
    return new Gguf(Path.of("model.gguf"), MemorySegment.ofArray(bytes));
  }
}
