package dev.tapscope.cuda;

/** Names of measures that goals are made of; those that depend on F end in it. */
enum Names {
  ENCODE_EXACT("encode exact, ms"),
  ENCODE_FAST("encode fast, ms"),
  ENCODE_ONE("encode of one row, us"),
  ENCODE_CANDIDATES("candidates per kept pair"),
  DECODE("decode, GB/s"),
  COPY("device copy, read and written, GB/s"),
  GEMM_HALVES("cuBLAS fp16 product alone, ms"),
  TORCH_ENCODE("torch fp32 encode, ms"),
  WRONG_GATES("gates that differ"),
  ERROR_OF_Z("error of z"),
  STEP_EXACT("step exact, ms"),
  STEP_FAST("step fast, ms"),
  STEP_HOST("step, host, us"),
  STEP_LAUNCHES("step, launches"),
  STEP_MEMORY("step, device memory, GB"),
  TORCH_STEP_AUTOCAST("torch step bf16 autocast, ms"),
  TORCH_STEP_COMPILED("torch step bf16 compiled, ms"),
  TORCH_STEP_FP32("torch step fp32, ms"),
  DIFFERENT_ARRAYS("arrays that differ between two runs"),
  CURVE("loss curve, largest difference, %");

  private final String text;

  Names(String text) {
    this.text = text;
  }

  /** As it stands in the file of measures. */
  String text() {
    return text;
  }

  String of(int features) {
    return "F=%d %s".formatted(features, text);
  }
}
