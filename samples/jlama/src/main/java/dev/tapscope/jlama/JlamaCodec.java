package dev.tapscope.jlama;

import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.TensorShape;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Jlama's tensors as rows: {@code [rows, width]}, dense, F32 or BF16, in native memory. It is what
 * a profile means by {@code as jlama}.
 *
 * <p>A bf16 value reads as the float it is and a float is written as the nearest bf16, ties to
 * even, so that a row written as it was read keeps its bits. Beyond the largest bf16 number lies
 * infinity.
 *
 * <p>Quantised tensors (I8, Q4, Q5) share one scale among the values of a block and cannot be
 * written value by value; tensors that hold only some columns are what distributed Jlama leaves on
 * each of its nodes. Both are refused. Holds no state.
 */
public final class JlamaCodec implements TensorCodec {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort BF16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public String name() {
    return "jlama";
  }

  @Override
  public int rows(Object tensor) {
    return readable(tensor).shape().first();
  }

  @Override
  public int width(Object tensor) {
    return readable(tensor).shape().last();
  }

  @Override
  public void read(Object tensor, int row, float[] into) {
    AbstractTensor<?, ?> from = readable(tensor);
    MemorySegment segment = from.getMemorySegment();
    long at = offset(from, row);
    int width = from.shape().last();
    if (from.dType() == DType.F32) {
      MemorySegment.copy(segment, F32, at, into, 0, width);
    } else {
      for (int i = 0; i < width; i++) {
        into[i] = fromBf16(segment.get(BF16, at + 2L * i));
      }
    }
  }

  @Override
  public void write(Object tensor, int row, float[] from) {
    AbstractTensor<?, ?> into = readable(tensor);
    MemorySegment segment = into.getMemorySegment();
    long at = offset(into, row);
    int width = into.shape().last();
    if (into.dType() == DType.F32) {
      MemorySegment.copy(from, 0, segment, F32, at, width);
    } else {
      for (int i = 0; i < width; i++) {
        segment.set(BF16, at + 2L * i, toBf16(from[i]));
      }
    }
  }

  /** Byte offset of a row in the tensor's memory. */
  private static long offset(AbstractTensor<?, ?> tensor, int row) {
    return tensor.getMemorySegmentOffset(tensor.getOffset(row, 0));
  }

  private static AbstractTensor<?, ?> readable(Object value) {
    if (!(value instanceof AbstractTensor<?, ?> tensor)) {
      throw TapscopeException.check(
          "tensor-type",
          "The codec 'jlama' reads a com.github.tjake.jlama.tensor.AbstractTensor, but the tapped"
              + " value is "
              + (value == null ? "null" : "a " + value.getClass().getTypeName())
              + ". Drop 'as jlama' from its tap, or tap another value.");
    }
    if (tensor.dType() != DType.F32 && tensor.dType() != DType.BF16) {
      throw TapscopeException.check(
          "tensor-dtype",
          "The codec 'jlama' reads tensors of F32 and BF16, but this one is "
              + tensor.dType()
              + ", whose values share their scale in blocks. Tap the tensor before Jlama quantises"
              + " it (the argument of maybeQuantize), or load the model with a working memory of"
              + " F32.");
    }
    TensorShape shape = tensor.shape();
    if (shape.isSparse() || shape.dims() != 2) {
      throw TapscopeException.check(
          "tensor-shape",
          "The codec 'jlama' reads dense tensors of two dimensions, rows and width, but this one is"
              + " "
              + shape
              + (shape.isSparse()
                  ? ". It holds a part of its columns, as on a node of distributed Jlama: run the"
                      + " model on one node."
                  : ". Tap a tensor with one row a position."));
    }
    return tensor;
  }

  private static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Nearest, ties to even. A NaN stays one, and one that came from bf16 keeps its bits. */
  private static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits & 0xffff) == 0 ? bits >>> 16 : bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }
}
