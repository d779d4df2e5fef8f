package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;

/**
 * {@code xhat = f W_dec + b_dec} of lists that come from the host, for inference. Used by one
 * thread at a time.
 */
final class Decoder implements AutoCloseable {
  private static final int THREADS = 256;

  private final Gpu gpu;
  private final int outputs;
  private final DeviceArray weights;
  private final DeviceArray bias;
  private final Staging staging;
  private final Kernel decodeRows;
  private final Reusable starts;
  private final Reusable features;
  private final Reusable values;
  private final Reusable results;

  /**
   * @param weights {@code W_dec [F, d_out]}
   * @param bias {@code [d_out]}
   * @param staging what copies pass through
   */
  Decoder(Gpu gpu, int outputs, DeviceArray weights, DeviceArray bias, Staging staging) {
    this.gpu = gpu;
    this.outputs = outputs;
    this.weights = weights;
    this.bias = bias;
    this.staging = staging;
    decodeRows = gpu.kernel("decode_rows", "decode_rows");
    starts = new Reusable(gpu.memory(), "where the lists of a batch start");
    features = new Reusable(gpu.memory(), "the active features of a batch");
    values = new Reusable(gpu.memory(), "the activations of a batch");
    results = new Reusable(gpu.memory(), "the results of a batch");
  }

  /**
   * Decodes some of the rows.
   *
   * @param first row
   * @param count of rows
   * @param xhat result {@code [rows, d_out]}, of which these rows are written
   * @throws GpuMemoryException when there is not enough
   */
  void decode(ActiveLists lists, int first, int count, float[] xhat) {
    int from = lists.starts()[first];
    int entries = lists.starts()[first + count] - from;
    int[] own = new int[count + 1];
    for (int r = 0; r <= count; r++) {
      own[r] = lists.starts()[first + r] - from;
    }
    long bytes = (long) count * outputs * Float.BYTES;
    DeviceArray result = results.atLeast(bytes);
    decodeRows.launch(
        gpu.stream(),
        Grid.of(count),
        THREADS,
        0,
        upload(starts, MemorySegment.ofArray(own), 0, own.length),
        upload(features, MemorySegment.ofArray(lists.features()), from, entries),
        upload(values, MemorySegment.ofArray(lists.values()), from, entries),
        weights,
        bias,
        outputs,
        result);
    MemorySegment piece = staging.atLeast(bytes).asSlice(0, bytes);
    result.download(piece);
    int floats = Math.multiplyExact(count, outputs);
    MemorySegment.copy(piece, ValueLayout.JAVA_FLOAT, 0, xhat, first * outputs, floats);
  }

  private DeviceArray upload(Reusable to, MemorySegment from, long first, long count) {
    long bytes = count * Float.BYTES;
    DeviceArray array = to.atLeast(bytes);
    MemorySegment piece = staging.atLeast(bytes).asSlice(0, bytes);
    array.upload(piece.copyFrom(from.asSlice(first * Float.BYTES, bytes)));
    return array;
  }

  /** Gives back what was taken for batches; the next takes it again. */
  @Override
  public void close() {
    Stream.of(starts, features, values, results).forEach(Reusable::close);
  }
}
