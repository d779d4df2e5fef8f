package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.util.Optional;
import jcuda.driver.JCudaDriver;

/** What the card does at most: the measure of all other measures. */
final class Ceilings {
  private static final int THREADS = 256;

  private final Gpu gpu;
  private final Scale scale;
  private final Measures measures;

  Ceilings(Gpu gpu, Scale scale, Measures measures) {
    this.gpu = gpu;
    this.scale = scale;
    this.measures = measures;
  }

  void measure() {
    measures.attempt("copy ceiling", this::copy);
    measures.attempt("gather ceiling", this::gather);
    measures.attempt("product ceilings", this::products);
  }

  private void copy() {
    long bytes = scale.copyBytes();
    try (DeviceArray from = gpu.memory().take("what is copied", bytes);
        DeviceArray to = gpu.memory().take("its copy", bytes);
        Timing timing = new Timing(gpu, scale.repeats())) {
      from.clear(gpu.stream());
      double ms =
          timing.median(_ ->
              Result.check(
                  JCudaDriver.cuMemcpyDtoDAsync(
                      to.pointer(0), from.pointer(0), bytes, gpu.stream()),
                  "copying"));
      measures.add(Names.COPY.text(), 2 * bytes / ms * 1e-6);
    }
  }

  /** Of rows that stay in the cache: at full size 19 MB. */
  private void gather() {
    int rows = 2048;
    int width = scale.inputs();
    int each = Math.toIntExact(Math.round(scale.l0()));
    try (Arena arena = Arena.ofShared();
        DeviceArray table = gpu.memory().take("the rows", 4L * rows * width);
        DeviceArray sums = gpu.memory().take("their sums", 4L * scale.rows() * width);
        Timing timing = new Timing(gpu, scale.repeats())) {
      table.upload(Synthetic.rows(arena, rows, width, 3));
      Kernel kernel = gpu.kernel("ceilings", "gather_rows");
      double ms =
          timing.median(_ ->
              kernel.launch(
                  gpu.stream(), Grid.of(scale.rows()), THREADS, 0, table, rows, width, each, sums));
      measures.add("row gather from L2, GB/s", 4.0 * scale.rows() * each * width / ms * 1e-6);
    }
  }

  private void products() {
    Optional<Gemm> library = gpu.cublas();
    if (library.isEmpty()) {
      measures.say("matrix products", "no cuBLAS");
      return;
    }
    int side = scale.square();
    long entries = (long) side * side;
    Gemm gemm = library.get();
    try (Arena arena = Arena.ofShared();
        DeviceArray a = gpu.memory().take("a factor", 4 * entries);
        DeviceArray b = gpu.memory().take("a factor", 4 * entries);
        DeviceArray c = gpu.memory().take("a product", 4 * entries);
        Timing timing = new Timing(gpu, scale.repeats())) {
      double operations = 2.0 * side * side * side;
      a.upload(Synthetic.rows(arena, side, side, 4));
      b.upload(Synthetic.rows(arena, side, side, 5));
      Gemm.Matrix left = Gemm.Matrix.of(a, side);
      Gemm.Matrix right = Gemm.Matrix.of(b, side);
      Gemm.Matrix product = Gemm.Matrix.of(c, side);
      double floats =
          timing.median(
              _ -> gemm.nt(side, side, side, a.address(), b.address(), false, c.address()));
      measures.add("cuBLAS fp32 product, TFLOP/s", operations / floats * 1e-9);
      // Halves of random size, made of the floats' rows.
      halve(a, side);
      halve(b, side);
      double halves = timing.median(_ -> gemm.halves(left, right, product, side, side, side));
      measures.add("cuBLAS fp16 product, TFLOP/s", operations / halves * 1e-9);
    }
  }

  /** Replaces an array of floats by halves of its rows. */
  private void halve(DeviceArray floats, int side) {
    int stride = Math.ceilDiv(side, 64) * 64;
    if (stride != side) {
      throw new IllegalArgumentException("rows of halves are a multiple of 64");
    }
    try (Shadow shadow = Shadow.take(gpu.memory(), "a factor in halves", side, side)) {
      gpu.kernel("pack", "shadow_rows")
          .launch(
              gpu.stream(),
              Grid.of(side),
              THREADS,
              0,
              floats,
              side,
              shadow.halves(),
              shadow.stride(),
              shadow.scales(),
              shadow.norms());
      Result.check(
          JCudaDriver.cuMemcpyDtoDAsync(
              floats.pointer(0), shadow.halves().pointer(0), 2L * side * stride, gpu.stream()),
          "copying");
      gpu.synchronize();
    }
  }
}
