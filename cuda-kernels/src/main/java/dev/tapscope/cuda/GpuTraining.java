package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A JumpReLU SAE or transcoder in training on the GPU:
 *
 * <pre>{@code
 * z = (x - b_dec) @ W_enc + b_enc;  f = z where z > threshold, else 0;  xhat = f @ W_dec + b_dec
 * loss = mean over rows of ||y - xhat||^2 + coefficient * penalty
 * }</pre>
 *
 * <p>Made with all arrays zero. Used by one thread at a time. The bits of its arrays depend on the
 * arrays and the batches alone.
 */
public final class GpuTraining implements AutoCloseable {
  /** Types of elements. */
  public enum Element {
    F32,
    I64
  }

  /**
   * An array that the next step depends on; row-major without gaps, native byte order.
   *
   * @param name {@code W_enc [F, d_in]}, {@code W_dec [F, d_out]}, {@code b_enc [F]}, {@code b_dec
   *     [d_out]}, {@code threshold [F]} (or {@code log_threshold}), Adam's moments as {@code
   *     v.NAME} and {@code m.NAME} (the latter where beta1 is not 0), {@code steps [1]}, {@code
   *     settled [F]}, {@code tokens_since_fired [F]}
   */
  public record Array(String name, Element element, List<Long> shape) {
    public Array {
      shape = List.copyOf(shape);
    }

    /** Size of all elements. */
    public long bytes() {
      long size = element == Element.F32 ? Float.BYTES : Long.BYTES;
      return shape.stream().reduce(size, Math::multiplyExact);
    }
  }

  /**
   * What the forward pass computes, for checking.
   *
   * @param z {@code [rows, F]}, preactivations; NaN where they lie too far below their threshold to
   *     matter and were not kept
   * @param f {@code [rows, F]}, features
   * @param xhat {@code [rows, d_out]}, reconstructions
   */
  public record Activations(float[] z, float[] f, float[] xhat) {}

  /**
   * The gradients of a batch's loss, before clipping, for checking.
   *
   * @param encoder {@code [F, d_in]}
   * @param encoderBias {@code [F]}
   * @param decoder {@code [F, d_out]}
   * @param projectedDecoder {@code decoder} without the part parallel to each row of {@code W_dec}
   *     where decoder rows are kept at unit length, else {@code decoder}
   * @param decoderBias {@code [d_out]}
   * @param thresholdReconstruction {@code [F]}, the reconstruction's part in the gradient of the
   *     threshold itself
   * @param thresholdPenalty {@code [F]}, the penalty's part
   */
  public record Gradients(
      float[] encoder,
      float[] encoderBias,
      float[] decoder,
      float[] projectedDecoder,
      float[] decoderBias,
      double[] thresholdReconstruction,
      double[] thresholdPenalty) {}

  /**
   * An SAE of zeros.
   *
   * @throws GpuMemoryException when the GPU has too little free memory
   */
  public GpuTraining(Gpu gpu, int inputs, int features, int outputs, TrainingSettings settings) {
    throw new UnsupportedOperationException();
  }

  /** Bytes of the GPU's memory that steps of so many rows take, beside lists that grow by need. */
  public static long bytes(
      int inputs, int features, int outputs, int rows, TrainingSettings settings) {
    throw new UnsupportedOperationException();
  }

  /** Everything the next step depends on, in the order of {@code SaeInTraining.state()}. */
  public List<Array> arrays() {
    throw new UnsupportedOperationException();
  }

  /** Fills an array from memory outside the heap of its size. */
  public void upload(String name, MemorySegment from) {
    throw new UnsupportedOperationException();
  }

  /** Copies an array to memory outside the heap of its size. */
  public void download(String name, MemorySegment to) {
    throw new UnsupportedOperationException();
  }

  /**
   * Takes one step: {@link #stage}, {@link #start}, {@link #finish}.
   *
   * @throws ArithmeticException when a value of the batch or the loss is not finite; the arrays are
   *     then as they were before
   * @throws GpuMemoryException when the GPU has too little free memory; likewise
   */
  public TrainingReport step(
      MemorySegment x, MemorySegment y, int rows, double learningRate, double sparsity) {
    stage(x, y, rows);
    start(learningRate, sparsity);
    return finish();
  }

  /**
   * Copies a batch, and starts to bring it to the GPU. Another may be staged between {@link #start}
   * and {@link #finish} of a step; its copy then goes on beside the step.
   *
   * @param x {@code [rows, d_in]} floats
   * @param y {@code [rows, d_out]} floats; {@code x} itself for an SAE
   */
  public void stage(MemorySegment x, MemorySegment y, int rows) {
    throw new UnsupportedOperationException();
  }

  /** Launches a step on the batch that was staged first. */
  public void start(double learningRate, double sparsity) {
    throw new UnsupportedOperationException();
  }

  /** Waits for the step that was started; throws what {@link #step} throws. */
  public TrainingReport finish() {
    throw new UnsupportedOperationException();
  }

  /** What the forward pass computes, for checking. */
  public Activations activations(MemorySegment x, int rows) {
    throw new UnsupportedOperationException();
  }

  /** The gradients of the loss with that coefficient of the penalty, for checking. */
  public Gradients gradients(MemorySegment x, MemorySegment y, int rows, double sparsity) {
    throw new UnsupportedOperationException();
  }

  /** Gives the memory back. */
  @Override
  public void close() {}
}
