// Rows in 16 bits for the tensor cores: each row scaled by a power of two of its own, so that its
// largest magnitude lies in [2^14, 2^15), and filled up with zeros. No value overflows fp16, and
// one that becomes subnormal there is below 2^-28 of the row's largest.
//
// The length of a row comes with it, rounded up: |x . w - x16 . w16| is bounded by a multiple of
// the two lengths (screen.cu).
#pragma once

#include "rows.cuh"

/// Exponent of the magnitude that a row's largest gets: [2^14, 2^15).
constexpr int SHADOW_EXPONENT = 14;

/// Halves from one row of a shadow to the next are a multiple of this.
constexpr int SHADOW_STEP = 64;

/// The power of two that a row is divided by. `largest` is its largest magnitude; at the smallest
/// (2^-126, also for a row of zeros) the largest may come to lie below 2^14.
static __device__ __forceinline__ int shadow_exponent(float largest) {
  int exponent = static_cast<int>(__float_as_uint(largest) >> 23 & 255u) - 127;
  return max(min(exponent, 127) - SHADOW_EXPONENT, -126);
}

static __device__ __forceinline__ float power_of_two(int exponent) {
  return __int_as_float((exponent + 127) << 23);
}

/// Writes row `index` of a shadow: by all threads of a block (one dimension, a multiple of 32),
/// which see all of `row` (a __syncthreads behind its last write).
///
/// row [width] in shared or global memory; shadow [rows, stride]; scales, norms [rows];
/// scratch: shared, MOST_WARPS floats, free again on return. The scale and the halves depend on the
/// row alone; the length, an upper bound, also on the number of threads.
static __device__ __forceinline__ void write_shadow_row(const float* row, int width,
                                                        uint16_t* shadow, int stride, float* scales,
                                                        float* norms, size_t index,
                                                        float* scratch) {
  float largest = 0;
  for (int k = threadIdx.x; k < width; k += blockDim.x) {
    largest = fmaxf(largest, fabsf(row[k]));
  }
  int exponent = shadow_exponent(block_max(largest, scratch));
  float divide = power_of_two(-exponent);
  float squares = 0;
  uint32_t* pairs = reinterpret_cast<uint32_t*>(shadow + index * stride);
  for (int k = 2 * threadIdx.x; k < stride; k += 2 * blockDim.x) {
    float low = k < width ? row[k] * divide : 0.0f;
    float high = k + 1 < width ? row[k + 1] * divide : 0.0f;
    pairs[k / 2] = pack_halves(half_bits(low), half_bits(high));
    squares = fmaf(low, low, fmaf(high, high, squares));
  }
  squares = block_sum(squares, scratch);
  if (threadIdx.x == 0) {
    float scale = power_of_two(exponent);
    scales[index] = scale;
    // Rounded up by more than the sum can be short; never below what the largest should have been,
    // so that halves that have become subnormal are covered.
    float length = sqrtf(squares) * (1.000001f + static_cast<float>(width) * 0x1p-30f);
    norms[index] = fmaxf(length, 0x1p14f) * scale;
  }
}
