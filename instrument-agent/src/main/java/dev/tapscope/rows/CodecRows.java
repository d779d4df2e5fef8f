package dev.tapscope.rows;

import dev.tapscope.tap.TensorCodec;

/** A foreign tensor, through the codec its profile names. */
final class CodecRows implements Rows {
  private final TensorCodec codec;
  private final Object tensor;

  CodecRows(TensorCodec codec, Object tensor) {
    this.codec = codec;
    this.tensor = tensor;
  }

  @Override
  public int rows() {
    return codec.rows(tensor);
  }

  @Override
  public int width(int row) {
    return codec.width(tensor);
  }

  @Override
  public void read(int row, float[] into) {
    codec.read(tensor, row, into);
  }

  @Override
  public void read(int row, float[] into, int at) {
    codec.read(tensor, row, into, at);
  }

  @Override
  public void write(int row, float[] from) {
    codec.write(tensor, row, from);
  }
}
