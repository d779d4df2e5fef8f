package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How fast rows are encoded and decoded, and that it is right at full size. */
final class CheckEncode {
  /** Of Gemma Scope's training: the bandwidth is 0.001. */
  private static final float HALF_BAND = 0.0005f;

  private static final int CHECKED_ROWS = 24;
  private static final long SEED = 1;

  /** Of {@code decode_rows.cu}. */
  private static final int DECODE_THREADS = 256;

  private final Gpu gpu;
  private final Scale scale;
  private final Measures measures;

  CheckEncode(Gpu gpu, Scale scale, Measures measures) {
    this.gpu = gpu;
    this.scale = scale;
    this.measures = measures;
  }

  void measure() {
    for (int features : scale.features()) {
      measures.attempt("encode F=" + features, () -> measure(features));
    }
  }

  private void measure(int features) {
    try (Arena arena = Arena.ofShared();
        Subject subject = new Subject(arena, features);
        Timing timing = new Timing(gpu, scale.repeats())) {
      measures.say("cuBLAS", GpuCheck.words(Cublas.probe()));
      for (Precision precision : Precision.values()) {
        boolean exact = precision == Precision.EXACT;
        Names name = exact ? Names.ENCODE_EXACT : Names.ENCODE_FAST;
        float halfBand = exact ? 0 : HALF_BAND;
        double best = Double.NaN;
        for (boolean library : List.of(false, true)) {
          double ms = encode(subject, precision, library, halfBand, timing);
          if (Double.isNaN(ms)) {
            continue;
          }
          measures.add(name.of(features) + (library ? " by cuBLAS" : " by own kernels"), ms);
          best = Double.isNaN(best) ? ms : Math.min(best, ms);
        }
        measures.add(name.of(features), best);
      }
      one(subject, timing);
      decode(subject, timing);
      product(subject, timing);
    }
  }

  /** An SAE on the card, and batches. */
  private final class Subject implements AutoCloseable {
    final int features;
    final MemorySegment encoderRows;
    final float[] thresholds;
    final List<MemorySegment> batches = new ArrayList<>();
    final List<DeviceArray> x = new ArrayList<>();
    final DeviceArray encoder;
    final DeviceArray bias;
    final DeviceArray threshold;
    final DeviceArray flags;

    Subject(Arena arena, int features) {
      this.features = features;
      int inputs = scale.inputs();
      DeviceMemory memory = gpu.memory();
      encoderRows = Synthetic.units(arena, features, inputs, SEED);
      thresholds = Synthetic.thresholds(features, inputs, scale.l0(), SEED + 1);
      encoder = memory.take("W_enc", encoderRows.byteSize());
      encoder.upload(encoderRows);
      bias = memory.take("b_enc", 4L * features);
      bias.clear(gpu.stream());
      threshold = memory.take("the thresholds", 4L * features);
      threshold.upload(Synthetic.copy(arena, thresholds));
      flags = memory.take("the flags", Integer.BYTES);
      for (int i = 0; i < Scale.SETS; i++) {
        MemorySegment batch = Synthetic.rows(arena, scale.rows(), inputs, SEED + 2 + i);
        batches.add(batch);
        DeviceArray array = memory.take("a batch", batch.byteSize());
        array.upload(batch);
        x.add(array);
      }
    }

    void encode(Encoder by, int set, int rows, float halfBand, Pairs pairs) {
      flags.clear(gpu.stream());
      by.encode(
          x.get(Math.floorMod(set, Scale.SETS)),
          Optional.empty(),
          rows,
          encoder,
          bias,
          threshold,
          halfBand,
          false,
          pairs,
          flags);
    }

    /** A row of the first batch in double precision; the bias is 0. */
    Lists.Row expected(int row) {
      double[] x = doubles(batches.get(0), row, scale.inputs());
      double length = Math.sqrt(dot(x, x));
      return new Lists.Row() {
        @Override
        public Lists.Pair pair(int feature) {
          double[] w = doubles(encoderRows, feature, scale.inputs());
          return new Lists.Pair(dot(x, w), length * Math.sqrt(dot(w, w)), thresholds[feature]);
        }

        @Override
        public double spread(int feature) {
          double[] products = doubles(encoderRows, feature, scale.inputs());
          Arrays.setAll(products, i -> x[i] * products[i]);
          return Math.sqrt(dot(products, products));
        }
      };
    }

    int flags() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
        flags.download(value);
        return value.get(ValueLayout.JAVA_INT, 0);
      }
    }

    /** Makes room until all batches fit. */
    void settle(Encoder by, int rows, float halfBand, Pairs pairs) {
      for (int set = 0; set < Scale.SETS; set++) {
        int times = 0;
        do {
          encode(by, set, rows, halfBand, pairs);
          gpu.synchronize();
          pairs.grow(rows, Arrays.stream(pairs.downloadCounts(rows)).max().orElse(0));
          by.settle();
          times++;
        } while (flags() != 0 && times < 9);
        if (flags() != 0) {
          throw new IllegalStateException("lists do not settle; flags " + flags());
        }
      }
    }

    @Override
    public void close() {
      for (DeviceArray array : x) {
        array.close();
      }
      encoder.close();
      bias.close();
      threshold.close();
      flags.close();
    }
  }

  private static double[] doubles(MemorySegment matrix, int row, int width) {
    double[] values = new double[width];
    Arrays.setAll(values, i -> matrix.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * width + i));
    return values;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** NaN where there is no library. */
  private double encode(
      Subject subject, Precision precision, boolean library, float halfBand, Timing timing) {
    Optional<Gemm> gemm = library ? gpu.cublas() : Optional.empty();
    if (library && gemm.isEmpty()) {
      return Double.NaN;
    }
    int rows = scale.rows();
    try (Encoder encoder = new Encoder(gpu, scale.inputs(), subject.features, precision);
        Pairs pairs = new Pairs(gpu.memory(), rows, 4 * (int) scale.l0())) {
      gemm.ifPresent(encoder::through);
      encoder.shadow(subject.encoder);
      subject.settle(encoder, rows, halfBand, pairs);
      double ms = timing.median(set -> subject.encode(encoder, set, rows, halfBand, pairs));
      String of = " F=%d %s%s".formatted(subject.features, precision, library ? " cuBLAS" : "");
      measures.add("kept pairs of a row" + of, mean(pairs.downloadCounts(rows)));
      if (precision == Precision.EXACT) {
        ratio(subject, encoder, pairs, of);
      }
      verify(subject, precision, encoder, pairs, of);
      return ms;
    }
  }

  private static double mean(int[] counts) {
    double sum = 0;
    for (int count : counts) {
      sum += count;
    }
    return sum / counts.length;
  }

  /** How much more than what is kept the screen lets through, and is computed again. */
  private void ratio(Subject subject, Encoder encoder, Pairs pairs, String of) {
    subject.encode(encoder, 0, scale.rows(), 0, pairs);
    gpu.synchronize();
    double kept = mean(pairs.downloadCounts(scale.rows())) * scale.rows();
    measures.add(Names.ENCODE_CANDIDATES.text() + of, encoder.candidates() / kept);
  }

  /** A few rows of the whole batch, against double precision. */
  private void verify(
      Subject subject, Precision precision, Encoder encoder, Pairs pairs, String of) {
    subject.encode(encoder, 0, scale.rows(), 0, pairs);
    gpu.synchronize();
    Lists lists = Lists.download(gpu, pairs, scale.rows());
    int step = Math.max(1, scale.rows() / CHECKED_ROWS);
    Lists.Errors errors =
        lists.check(
            measures, precision, step, scale.inputs(), subject.features, subject::expected, of);
    if (precision == Precision.EXACT && subject.features == scale.features().getFirst()) {
      measures.add(Names.WRONG_GATES.text(), errors.wrongGates());
      measures.add(Names.ERROR_OF_Z.text(), errors.largest());
    }
  }

  /** The lists of a batch, one after the other, and what is decoded of them. */
  private final class Decoding implements AutoCloseable {
    final ActiveLists lists;
    final List<DeviceArray> arrays = new ArrayList<>();
    final DeviceArray xhat;

    Decoding(ActiveLists lists) {
      this.lists = lists;
      upload(MemorySegment.ofArray(lists.starts()));
      upload(MemorySegment.ofArray(lists.features()));
      upload(MemorySegment.ofArray(lists.values()));
      xhat = gpu.memory().take("decoded rows", 4L * lists.rows() * scale.inputs());
      arrays.add(xhat);
    }

    private void upload(MemorySegment values) {
      DeviceArray array = gpu.memory().take("lists to decode", values.byteSize());
      arrays.add(array);
      try (Arena arena = Arena.ofConfined()) {
        array.upload(arena.allocate(values.byteSize(), 8).copyFrom(values));
      }
    }

    void launch(Kernel kernel, DeviceArray decoder, DeviceArray bias) {
      kernel.launch(
          gpu.stream(),
          Grid.of(lists.rows()),
          DECODE_THREADS,
          0,
          arrays.get(0),
          arrays.get(1),
          arrays.get(2),
          decoder,
          bias,
          scale.inputs(),
          xhat);
    }

    /** Rows of W_dec that are read, and what is written. */
    long bytes() {
      return 4L * scale.inputs() * (lists.features().length + lists.rows());
    }

    @Override
    public void close() {
      arrays.forEach(DeviceArray::close);
    }
  }

  /** W_dec is W_enc, and b_dec is 0. */
  private void decode(Subject subject, Timing timing) {
    List<Decoding> batches = new ArrayList<>();
    Kernel kernel = gpu.kernel("decode_rows", "decode_rows");
    try (Encoder encoder = new Encoder(gpu, scale.inputs(), subject.features, Precision.EXACT);
        Pairs pairs = new Pairs(gpu.memory(), scale.rows(), 4 * (int) scale.l0());
        Gathering gathering = new Gathering(gpu);
        DeviceArray bias = gpu.memory().take("b_dec", 4L * scale.inputs())) {
      bias.clear(gpu.stream());
      encoder.shadow(subject.encoder);
      subject.settle(encoder, scale.rows(), 0, pairs);
      for (int set = 0; set < Scale.SETS; set++) {
        subject.encode(encoder, set, scale.rows(), 0, pairs);
        batches.add(new Decoding(gathering.download(pairs, pairs.downloadCounts(scale.rows()))));
      }
      double ms =
          timing.median(set ->
              batches.get(Math.floorMod(set, Scale.SETS)).launch(kernel, subject.encoder, bias));
      double bytes = batches.stream().mapToLong(Decoding::bytes).average().orElseThrow();
      measures.add(Names.DECODE.of(subject.features), bytes / ms * 1e-6);
      batches.get(0).launch(kernel, subject.encoder, bias);
      verify(subject, batches.get(0));
    } finally {
      batches.forEach(Decoding::close);
    }
  }

  /** A few rows, against double precision, over the length of what is expected. */
  private void verify(Subject subject, Decoding decoding) {
    int inputs = scale.inputs();
    double largest = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment row = arena.allocate(4L * inputs, 4);
      for (int r = 0; r < scale.rows(); r += Math.max(1, scale.rows() / CHECKED_ROWS)) {
        double[] expected = new double[inputs];
        ActiveLists lists = decoding.lists;
        for (int i = lists.starts()[r]; i < lists.starts()[r + 1]; i++) {
          double[] w = doubles(subject.encoderRows, lists.features()[i], inputs);
          for (int k = 0; k < inputs; k++) {
            expected[k] += lists.values()[i] * w[k];
          }
        }
        decoding.xhat.download(row, 4L * r * inputs);
        double[] got = doubles(row, 0, inputs);
        Arrays.setAll(got, k -> got[k] - expected[k]);
        double length = Math.sqrt(dot(expected, expected));
        largest = Math.max(largest, Math.sqrt(dot(got, got)) / Math.max(length, 1e-30));
      }
    }
    measures.check("decoded rows F=" + subject.features, largest, 1e-6);
  }

  private void one(Subject subject, Timing timing) {
    try (Encoder encoder = new Encoder(gpu, scale.inputs(), subject.features, Precision.EXACT);
        Pairs pairs = new Pairs(gpu.memory(), 1, 4 * (int) scale.l0())) {
      encoder.shadow(subject.encoder);
      subject.settle(encoder, 1, 0, pairs);
      int times = 10;
      double ms =
          timing.median(_ -> {
            for (int i = 0; i < times; i++) {
              subject.encode(encoder, i, 1, 0, pairs);
            }
          });
      measures.add(Names.ENCODE_ONE.of(subject.features), ms * 1000 / times);
    }
  }

  private void product(Subject subject, Timing timing) {
    Optional<Gemm> library = gpu.cublas();
    if (library.isEmpty()) {
      return;
    }
    int rows = scale.rows();
    int inputs = scale.inputs();
    Gemm gemm = library.get();
    try (Encoder encoder = new Encoder(gpu, inputs, subject.features, Precision.FAST);
        Encoder ofRows = new Encoder(gpu, inputs, rows, Precision.FAST);
        DeviceArray products = gpu.memory().take("the products", 4L * rows * subject.features)) {
      encoder.shadow(subject.encoder);
      ofRows.shadow(subject.x.get(0));
      Shadow w = encoder.shadow();
      Shadow x = ofRows.shadow();
      double ms =
          timing.median(_ ->
              gemm.halves(
                  Gemm.Matrix.of(x.halves(), x.stride()),
                  Gemm.Matrix.of(w.halves(), w.stride()),
                  Gemm.Matrix.of(products, subject.features),
                  rows,
                  subject.features,
                  w.stride()));
      measures.add(Names.GEMM_HALVES.of(subject.features), ms);
    }
  }
}
