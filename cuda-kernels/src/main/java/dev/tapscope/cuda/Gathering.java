package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Lists on their way to the host: one after the other, so that only what is in them is copied. Used
 * by one thread at a time.
 */
final class Gathering implements AutoCloseable {
  /** Most bytes of a copy. */
  private static final long MOST_BYTES = 1L << 29;

  private static final int THREADS = 128;

  private final Gpu gpu;
  private final Kernel gatherLists;
  private final Reusable starts;
  private final Reusable features;
  private final Reusable z;
  private final Staging staging;

  Gathering(Gpu gpu) {
    this.gpu = gpu;
    gatherLists = gpu.kernel("lists", "gather_lists");
    starts = new Reusable(gpu.memory(), "where the lists of a batch start");
    features = new Reusable(gpu.memory(), "the active features of a batch");
    z = new Reusable(gpu.memory(), "the activations of a batch");
    staging = new Staging(gpu);
  }

  /**
   * Waits for the lists of the first rows, and copies them: of a list that is too long, what had
   * room.
   *
   * @param counts of these rows, as {@link Pairs#downloadCounts} has them
   * @throws GpuMemoryException when there is not enough for the copy
   */
  ActiveLists download(Pairs pairs, int[] counts) {
    int rows = counts.length;
    long entries =
        Arrays.stream(counts).asLongStream().map(c -> Math.min(c, pairs.capacity())).sum();
    long bytes = entries * Integer.BYTES;
    if (bytes > MOST_BYTES) {
      throw new GpuMemoryException(
          "The lists of %d rows have %d entries, too many to be taken from the card at once."
              .formatted(rows, entries),
          2 * bytes);
    }
    int[] at = new int[rows + 1];
    for (int r = 0; r < rows; r++) {
      at[r + 1] = at[r] + Math.min(counts[r], pairs.capacity());
    }
    DeviceArray fromFeatures = pairs.features();
    DeviceArray fromZ = pairs.z();
    if (rows > 1) {
      fromFeatures = features.atLeast(bytes);
      fromZ = z.atLeast(bytes);
      gatherLists.launch(
          gpu.stream(),
          Grid.of(rows),
          THREADS,
          0,
          pairs.features(),
          pairs.z(),
          pairs.capacity(),
          upload(at),
          fromFeatures,
          fromZ);
    }
    MemorySegment piece = staging.atLeast(2 * bytes);
    MemorySegment gotFeatures = piece.asSlice(0, bytes);
    MemorySegment gotZ = piece.asSlice(bytes, bytes);
    fromFeatures.download(gotFeatures);
    fromZ.download(gotZ);
    return new ActiveLists(
        at, gotFeatures.toArray(ValueLayout.JAVA_INT), gotZ.toArray(ValueLayout.JAVA_FLOAT));
  }

  private DeviceArray upload(int[] values) {
    long bytes = (long) values.length * Integer.BYTES;
    DeviceArray array = starts.atLeast(bytes);
    array.upload(staging.atLeast(bytes).asSlice(0, bytes).copyFrom(MemorySegment.ofArray(values)));
    return array;
  }

  /** Gives back what was taken of the card; the next lists take it again. */
  void shrink() {
    Stream.of(starts, features, z).forEach(Reusable::close);
  }

  @Override
  public void close() {
    shrink();
    staging.close();
  }
}
