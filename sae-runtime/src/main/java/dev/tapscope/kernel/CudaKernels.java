package dev.tapscope.kernel;

import dev.tapscope.cuda.ActiveLists;
import dev.tapscope.cuda.Gpu;
import dev.tapscope.cuda.GpuException;
import dev.tapscope.cuda.GpuSae;
import dev.tapscope.cuda.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.HashSet;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * The formulas on a GPU. Weights go there when they are used for the first time, and leave it when
 * nobody can use them any more, when they are released, or when this is closed. Calls wait for each
 * other: there is one stream of work on the card.
 *
 * <p>Gates are exact: preactivations that decide are sums in single precision. A feature that is
 * added to one row is added by the CPU, from weights that are there anyway.
 */
public final class CudaKernels implements SaeKernels, AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final Gpu gpu;
  private final SaeKernels rows = Kernels.best();

  /** Both are guarded by this object. */
  private final WeakHashMap<SaeWeights, GpuSae> held = new WeakHashMap<>();

  private final Set<GpuSae> open = new HashSet<>();

  /**
   * @param gpu has to be open for as long as this is
   */
  public CudaKernels(Gpu gpu) {
    this.gpu = gpu;
  }

  /** Bytes of a card's memory that weights of these sizes take. */
  public static long bytes(int inputs, int features, int outputs) {
    return GpuSae.bytes(inputs, features, outputs);
  }

  @Override
  public String name() {
    return "cuda";
  }

  /**
   * Brings weights to the card and encodes and decodes one row of zeros, so that what can fail does
   * so now.
   *
   * @throws GpuException when they do not fit, or a kernel does not run
   */
  public synchronized void prepare(SaeWeights weights) {
    decode(weights, encode(weights, new float[weights.inputs()], 1), new float[weights.outputs()]);
  }

  @Override
  public synchronized void preactivations(SaeWeights weights, float[] x, int rows, float[] z) {
    onCard(weights).preactivations(x, rows, z);
  }

  @Override
  public synchronized SparseRows encode(SaeWeights weights, float[] x, int rows) {
    ActiveLists lists = onCard(weights).encode(x, rows);
    return new SparseRows(lists.starts(), lists.features(), lists.values());
  }

  @Override
  public synchronized void decode(SaeWeights weights, SparseRows f, float[] xhat) {
    onCard(weights).decode(f.starts(), f.indices(), f.values(), xhat);
  }

  @Override
  public void addFeature(SaeWeights weights, int feature, float scale, float[] rows, int at) {
    this.rows.addFeature(weights, feature, scale, rows, at);
  }

  private GpuSae onCard(SaeWeights weights) {
    GpuSae there = held.get(weights);
    if (there == null) {
      there = upload(weights);
      held.put(weights, there);
      open.add(there);
      GpuSae left = there; // the action must not know the weights
      CLEANER.register(weights, () -> close(left));
    }
    return there;
  }

  private GpuSae upload(SaeWeights weights) {
    float[] threshold = new float[weights.features()];
    float[] encoderBias = new float[weights.features()];
    for (int f = 0; f < threshold.length; f++) {
      threshold[f] = weights.threshold(f);
      encoderBias[f] = weights.encoderBias(f);
    }
    float[] decoderBias = new float[weights.outputs()];
    for (int j = 0; j < decoderBias.length; j++) {
      decoderBias[j] = weights.decoderBias(j);
    }
    return new GpuSae(
        gpu,
        new GpuSae.Weights(
            weights.inputs(),
            (feature, into) -> into.copyFrom(MemorySegment.ofArray(weights.encoderColumn(feature))),
            encoderBias,
            threshold,
            (feature, into) -> into.copyFrom(MemorySegment.ofArray(weights.decoderRow(feature))),
            decoderBias),
        Precision.EXACT);
  }

  @Override
  public synchronized void release(SaeWeights weights) {
    GpuSae there = held.remove(weights);
    if (there != null) {
      close(there);
    }
  }

  private synchronized void close(GpuSae there) {
    if (open.remove(there)) {
      there.close();
    }
  }

  @Override
  public synchronized void close() {
    held.clear();
    Set.copyOf(open).forEach(this::close);
  }
}
