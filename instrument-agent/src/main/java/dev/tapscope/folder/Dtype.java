package dev.tapscope.folder;

import java.util.Locale;

/** Element types of safetensors files, as far as run folders use them; little-endian. */
public enum Dtype {
  F32(4),
  BF16(2),
  F16(2),
  I64(8),
  I32(4);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one element. */
  public int bytes() {
    return bytes;
  }

  /** The type a user or an extension names: {@code f32}, {@code bf16}, {@code f16}. */
  public static Dtype ofFloats(String name) {
    for (Dtype dtype : new Dtype[] {F32, BF16, F16}) {
      if (dtype.name().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT))) {
        return dtype;
      }
    }
    throw new IllegalArgumentException("'" + name + "' is none of f32, bf16, f16.");
  }
}
