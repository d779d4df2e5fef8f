package dev.tapscope.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The parameters of one SAE or transcoder as the kernels want them: float32, outside the heap, so
 * that neither the number of weights nor the heap of the host JVM limits them. Immutable and
 * thread-safe; the memory goes when the object is no longer reachable.
 *
 * <p>The encoder lies in panels of {@link #PANEL} features, each panel {@code [d_in][PANEL]}: one
 * step along the input reads neighbouring features, and a feature's sum runs over the input in
 * order, whatever the width of the machine's vectors. The last panel is filled up with zeros. The
 * decoder lies row by row, {@code [F][d_out]}, each row starting at a multiple of 64 bytes.
 */
public final class SaeWeights {
  /** Features in a panel of the encoder; a multiple of every vector length in use. */
  static final int PANEL = 32;

  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
  private static final int ALIGNMENT = 64;

  private final int inputs;
  private final int features;
  private final int outputs;
  private final MemorySegment encoder;
  private final MemorySegment decoder;
  private final long decoderStride;
  private final float[] encoderBias;
  private final float[] decoderBias;
  private final float[] threshold;

  private SaeWeights(Draft draft) {
    this.inputs = draft.inputs;
    this.features = draft.features;
    this.outputs = draft.outputs;
    this.encoder = draft.encoder.asReadOnly();
    this.decoder = draft.decoder.asReadOnly();
    this.decoderStride = draft.decoderStride;
    this.encoderBias = draft.encoderBias.clone();
    this.decoderBias = draft.decoderBias.clone();
    this.threshold = draft.threshold.clone();
  }

  /** Bytes outside the heap that weights of these sizes take. */
  public static long bytes(int inputs, int features, int outputs) {
    return encoderBytes(inputs, features) + features * stride(outputs);
  }

  private static long encoderBytes(int inputs, int features) {
    return (long) panels(features) * PANEL * inputs * Float.BYTES;
  }

  private static int panels(int features) {
    return (int) (((long) features + PANEL - 1) / PANEL);
  }

  private static long stride(int outputs) {
    return ((long) outputs * Float.BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Width of the rows that are encoded. */
  public int inputs() {
    return inputs;
  }

  /** Number of features, F. */
  public int features() {
    return features;
  }

  /** Width of the rows that are decoded; another than {@link #inputs()} in a transcoder. */
  public int outputs() {
    return outputs;
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

  /** Copies {@code W_enc[:, feature]}, {@link #inputs()} values. */
  public float[] encoderColumn(int feature) {
    float[] column = new float[inputs];
    for (int k = 0; k < inputs; k++) {
      column[k] = encoder.get(FLOAT, encoderOffset(k, feature, inputs));
    }
    return column;
  }

  /** Copies {@code W_dec[feature]}, {@link #outputs()} values. */
  public float[] decoderRow(int feature) {
    float[] row = new float[outputs];
    MemorySegment.copy(decoder, FLOAT, decoderOffset(feature), row, 0, outputs);
    return row;
  }

  int panels() {
    return panels(features);
  }

  MemorySegment encoder() {
    return encoder;
  }

  MemorySegment decoder() {
    return decoder;
  }

  long panelOffset(int panel) {
    return (long) panel * PANEL * inputs * Float.BYTES;
  }

  long decoderOffset(int feature) {
    return feature * decoderStride;
  }

  private static long encoderOffset(int k, int feature, int inputs) {
    long panel = feature / PANEL;
    return ((panel * inputs + k) * PANEL + feature % PANEL) * Float.BYTES;
  }

  /** Weights being filled in; not thread-safe. */
  public static final class Draft {
    private final int inputs;
    private final int features;
    private final int outputs;
    private final MemorySegment encoder;
    private final MemorySegment decoder;
    private final long decoderStride;
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
      if (inputs < 1 || features < 1 || outputs < 1) {
        throw new IllegalArgumentException(
            "sizes %d, %d, %d must be positive".formatted(inputs, features, outputs));
      }
      this.inputs = inputs;
      this.features = features;
      this.outputs = outputs;
      this.decoderStride = stride(outputs);
      this.encoder = Arena.ofAuto().allocate(encoderBytes(inputs, features), ALIGNMENT);
      this.decoder = Arena.ofAuto().allocate(features * decoderStride, ALIGNMENT);
      this.encoderBias = new float[features];
      this.decoderBias = new float[outputs];
      this.threshold = new float[features];
    }

    public int inputs() {
      return inputs;
    }

    public int features() {
      return features;
    }

    public int outputs() {
      return outputs;
    }

    /** Sets {@code W_enc[k, :]} from F values. */
    public void encoderRow(int k, float[] row) {
      for (int first = 0; first < features; first += PANEL) {
        int count = Math.min(PANEL, features - first);
        MemorySegment.copy(row, first, encoder, FLOAT, encoderOffset(k, first, inputs), count);
      }
    }

    /** Sets {@code W_enc[:, feature]} from d_in values. */
    public void encoderColumn(int feature, float[] column) {
      for (int k = 0; k < inputs; k++) {
        encoder.set(FLOAT, encoderOffset(k, feature, inputs), column[k]);
      }
    }

    /** Sets {@code W_dec[feature, :]} from d_out values. */
    public void decoderRow(int feature, float[] row) {
      MemorySegment.copy(row, 0, decoder, FLOAT, feature * decoderStride, outputs);
    }

    /** Sets {@code W_dec[:, output]} from F values. */
    public void decoderColumn(int output, float[] column) {
      for (int feature = 0; feature < features; feature++) {
        decoder.set(FLOAT, feature * decoderStride + (long) output * Float.BYTES, column[feature]);
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
      return encoder.get(FLOAT, encoderOffset(k, feature, inputs));
    }

    /** Copies the row {@code W_dec[feature]} as it is so far. */
    public void readDecoderRow(int feature, float[] into) {
      MemorySegment.copy(decoder, FLOAT, feature * decoderStride, into, 0, outputs);
    }

    /** Multiplies {@code W_enc[:, feature]} by a factor. */
    public void scaleEncoder(int feature, double factor) {
      for (int k = 0; k < inputs; k++) {
        long at = encoderOffset(k, feature, inputs);
        encoder.set(FLOAT, at, (float) (encoder.get(FLOAT, at) * factor));
      }
    }

    /** Multiplies {@code W_dec[feature]} by a factor. */
    public void scaleDecoder(int feature, double factor) {
      for (int j = 0; j < outputs; j++) {
        long at = feature * decoderStride + (long) j * Float.BYTES;
        decoder.set(FLOAT, at, (float) (decoder.get(FLOAT, at) * factor));
      }
    }

    /** The weights. The draft must not be written to afterwards. */
    public SaeWeights finish() {
      return new SaeWeights(this);
    }
  }
}
