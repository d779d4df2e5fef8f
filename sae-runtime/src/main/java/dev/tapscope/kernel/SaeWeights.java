package dev.tapscope.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The parameters of one SAE or transcoder as the kernels want them: float32, outside the heap, so
 * that neither the number of weights nor the heap of the host JVM limits them. Immutable and
 * thread-safe; the memory goes with the arena it was taken from, or when the object is no longer
 * reachable.
 */
public final class SaeWeights {
  static final int PANEL = SaeLayout.PANEL;

  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  private final SaeLayout layout;
  private final MemorySegment encoder;
  private final MemorySegment decoder;
  private final float[] encoderBias;
  private final float[] decoderBias;
  private final float[] threshold;

  private SaeWeights(Draft draft) {
    this.layout = draft.layout;
    this.encoder = draft.encoder.asReadOnly();
    this.decoder = draft.decoder.asReadOnly();
    this.encoderBias = draft.encoderBias.clone();
    this.decoderBias = draft.decoderBias.clone();
    this.threshold = draft.threshold.clone();
  }

  /** Bytes outside the heap that weights of these sizes take. */
  public static long bytes(int inputs, int features, int outputs) {
    SaeLayout layout = new SaeLayout(inputs, features, outputs);
    return layout.encoderBytes() + layout.decoderBytes();
  }

  /** Width of the rows that are encoded. */
  public int inputs() {
    return layout.inputs();
  }

  /** Number of features, F. */
  public int features() {
    return layout.features();
  }

  /** Width of the rows that are decoded; another than {@link #inputs()} in a transcoder. */
  public int outputs() {
    return layout.outputs();
  }

  public float encoderBias(int feature) {
    return encoderBias[feature];
  }

  public float decoderBias(int output) {
    return decoderBias[output];
  }

  public float threshold(int feature) {
    return threshold[feature];
  }

  /** Copies {@code W_enc[k]}, {@link #features()} values. */
  public float[] encoderRow(int k) {
    float[] row = new float[features()];
    for (int first = 0; first < row.length; first += PANEL) {
      int count = Math.min(PANEL, row.length - first);
      MemorySegment.copy(encoder, FLOAT, layout.encoderOffset(k, first), row, first, count);
    }
    return row;
  }

  /** Copies {@code W_enc[:, feature]}, {@link #inputs()} values. */
  public float[] encoderColumn(int feature) {
    float[] column = new float[inputs()];
    for (int k = 0; k < column.length; k++) {
      column[k] = encoder.get(FLOAT, layout.encoderOffset(k, feature));
    }
    return column;
  }

  /** Copies {@code W_dec[feature]}, {@link #outputs()} values. */
  public float[] decoderRow(int feature) {
    float[] row = new float[outputs()];
    MemorySegment.copy(decoder, FLOAT, decoderOffset(feature), row, 0, row.length);
    return row;
  }

  /**
   * Copies them all, to be changed.
   *
   * @throws OutOfMemoryError as {@link Draft#Draft}
   */
  public Draft draft() {
    Draft draft = new Draft(inputs(), features(), outputs());
    MemorySegment.copy(encoder, 0, draft.encoder, 0, encoder.byteSize());
    MemorySegment.copy(decoder, 0, draft.decoder, 0, decoder.byteSize());
    System.arraycopy(encoderBias, 0, draft.encoderBias, 0, encoderBias.length);
    System.arraycopy(decoderBias, 0, draft.decoderBias, 0, decoderBias.length);
    System.arraycopy(threshold, 0, draft.threshold, 0, threshold.length);
    return draft;
  }

  int panels() {
    return layout.panels();
  }

  MemorySegment encoder() {
    return encoder;
  }

  MemorySegment decoder() {
    return decoder;
  }

  long panelOffset(int panel) {
    return layout.panelOffset(panel);
  }

  long decoderOffset(int feature) {
    return layout.decoderOffset(feature);
  }

  /** Weights being filled in; not thread-safe. */
  public static final class Draft {
    private final SaeLayout layout;
    private final MemorySegment encoder;
    private final MemorySegment decoder;
    private final float[] encoderBias;
    private final float[] decoderBias;
    private final float[] threshold;

    /**
     * Takes memory for weights of these sizes, all zero.
     *
     * @throws OutOfMemoryError when there is not enough; the JVM's limit for memory outside the
     *     heap is {@code -XX:MaxDirectMemorySize}
     */
    public Draft(int inputs, int features, int outputs) {
      this(inputs, features, outputs, Arena.ofAuto());
    }

    /**
     * The same, for weights that are wanted no longer than the arena is open.
     *
     * @throws OutOfMemoryError when there is not enough
     */
    public Draft(int inputs, int features, int outputs, Arena arena) {
      this.layout = new SaeLayout(inputs, features, outputs);
      this.encoder = arena.allocate(layout.encoderBytes(), SaeLayout.ALIGNMENT);
      this.decoder = arena.allocate(layout.decoderBytes(), SaeLayout.ALIGNMENT);
      this.encoderBias = new float[features];
      this.decoderBias = new float[outputs];
      this.threshold = new float[features];
    }

    public int inputs() {
      return layout.inputs();
    }

    public int features() {
      return layout.features();
    }

    public int outputs() {
      return layout.outputs();
    }

    /** Sets {@code W_enc[k, :]} from F values. */
    public void encoderRow(int k, float[] row) {
      for (int first = 0; first < features(); first += PANEL) {
        int count = Math.min(PANEL, features() - first);
        MemorySegment.copy(row, first, encoder, FLOAT, layout.encoderOffset(k, first), count);
      }
    }

    /** Sets {@code W_enc[:, feature]} from d_in values. */
    public void encoderColumn(int feature, float[] column) {
      for (int k = 0; k < inputs(); k++) {
        encoder.set(FLOAT, layout.encoderOffset(k, feature), column[k]);
      }
    }

    /** Sets {@code W_dec[feature, :]} from d_out values. */
    public void decoderRow(int feature, float[] row) {
      MemorySegment.copy(row, 0, decoder, FLOAT, layout.decoderOffset(feature), outputs());
    }

    /** Sets {@code W_dec[:, output]} from F values. */
    public void decoderColumn(int output, float[] column) {
      for (int feature = 0; feature < features(); feature++) {
        decoder.set(
            FLOAT, layout.decoderOffset(feature) + (long) output * Float.BYTES, column[feature]);
      }
    }

    /** {@code b_enc}, to be filled in. */
    public float[] encoderBias() {
      return encoderBias;
    }

    /** {@code b_dec}, to be filled in. */
    public float[] decoderBias() {
      return decoderBias;
    }

    /** {@code threshold}, to be filled in. */
    public float[] threshold() {
      return threshold;
    }

    /** Value of {@code W_enc[k, feature]} so far. */
    public float encoder(int k, int feature) {
      return encoder.get(FLOAT, layout.encoderOffset(k, feature));
    }

    /** Copies the row {@code W_dec[feature]} as it is so far. */
    public void readDecoderRow(int feature, float[] into) {
      MemorySegment.copy(decoder, FLOAT, layout.decoderOffset(feature), into, 0, outputs());
    }

    /** Multiplies {@code W_enc[:, feature]} by a factor. */
    public void scaleEncoder(int feature, double factor) {
      for (int k = 0; k < inputs(); k++) {
        long at = layout.encoderOffset(k, feature);
        encoder.set(FLOAT, at, (float) (encoder.get(FLOAT, at) * factor));
      }
    }

    /** Multiplies {@code W_dec[feature]} by a factor. */
    public void scaleDecoder(int feature, double factor) {
      for (int j = 0; j < outputs(); j++) {
        long at = layout.decoderOffset(feature) + (long) j * Float.BYTES;
        decoder.set(FLOAT, at, (float) (decoder.get(FLOAT, at) * factor));
      }
    }

    /** The weights. The draft must not be written to afterwards. */
    public SaeWeights finish() {
      return new SaeWeights(this);
    }
  }
}
