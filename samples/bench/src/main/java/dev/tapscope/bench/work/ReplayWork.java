package dev.tapscope.bench.work;

import dev.tapscope.bench.Copies;
import dev.tapscope.bench.Work;
import java.util.Random;

/** No model at all: blocks that hand on their rows, so that what is measured is the taps alone. */
public final class ReplayWork implements Work {
  private final int layers;
  private final float[][][] fires;
  private final int[] ids;
  private final Copies copies;
  private Object cache = new Object();

  /**
   * @param rows positions of the pass
   * @param together how many of them a block is called with
   * @param copies what to do with the rows of each block by hand, without taps
   */
  public ReplayWork(int layers, int rows, int together, int width, Copies copies) {
    this.layers = layers;
    this.ids = new int[rows];
    this.fires = new float[rows / together][together][width];
    this.copies = copies;
    Random random = new Random(1);
    for (float[][] fire : fires) {
      for (float[] row : fire) {
        for (int i = 0; i < width; i++) {
          row[i] = random.nextFloat();
        }
      }
    }
  }

  @Override
  public void begin() {
    cache = new Object();
  }

  @Override
  public int passes() {
    return 1;
  }

  @Override
  public void pass(int index) {
    forward(ids, 0, cache);
  }

  private void forward(int[] tokens, int start, Object sequence) {
    int position = start;
    for (float[][] rows : fires) {
      float[][] stream = rows;
      for (int layer = 0; layer < layers; layer++) {
        stream = block(stream, layer, position);
      }
      position += rows.length;
    }
  }

  private float[][] block(float[][] stream, int layer, int position) {
    copies.keep(stream);
    return stream;
  }
}
