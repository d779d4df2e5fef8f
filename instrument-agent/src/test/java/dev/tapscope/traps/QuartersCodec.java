package dev.tapscope.traps;

import dev.tapscope.tap.TensorCodec;
import targets.Habits;

/** Rows of {@link Habits.Bytes}: a storage that keeps what is written to a quarter. */
public final class QuartersCodec implements TensorCodec {
  @Override
  public String name() {
    return "quarters";
  }

  @Override
  public int rows(Object tensor) {
    return 1;
  }

  @Override
  public int width(Object tensor) {
    return ((Habits.Bytes) tensor).bytes.length;
  }

  @Override
  public void read(Object tensor, int row, float[] into) {
    System.arraycopy(((Habits.Bytes) tensor).floats(), 0, into, 0, width(tensor));
  }

  @Override
  public void write(Object tensor, int row, float[] from) {
    ((Habits.Bytes) tensor).store(from);
  }
}
