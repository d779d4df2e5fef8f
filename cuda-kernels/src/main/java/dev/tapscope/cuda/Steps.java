package dev.tapscope.cuda;

/** One of the two ways to take a step, up to where the rows of both matrices move. */
abstract class Steps {
  final Gpu gpu;
  final TrainingSettings settings;
  final TrainingState state;
  final StepArrays arrays;
  final StepLaunches launches;
  final Encoder encoder;

  Steps(StepLaunches launches, Encoder encoder) {
    this.launches = launches;
    this.encoder = encoder;
    gpu = launches.gpu();
    settings = launches.settings();
    state = launches.state();
    arrays = launches.arrays();
  }

  /**
   * Takes what batches of so many rows need.
   *
   * @throws GpuMemoryException when there is not enough
   */
  abstract void makeRoom(int rows);

  /**
   * Encodes, and compares with {@code y}; without one (null pointer) it leaves reconstructions.
   *
   * @param y {@link DeviceArray} or {@link TrainingState#NULL}
   */
  abstract void forward(DeviceArray x, Object y, int rows);

  /** From errors to the numbers of all features, and whether the step goes on. */
  abstract void sums(DeviceArray x, int rows);

  /** The gradients of both matrices' rows. */
  abstract void rows(DeviceArray x, int rows, RowWork work);
}
