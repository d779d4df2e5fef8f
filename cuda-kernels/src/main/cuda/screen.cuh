// How a product of 16-bit rows says that a pair cannot be kept.
//
// Let t = |x||w| (lengths of the fp32 rows; everything below is relative to it, by Cauchy-Schwarz).
// A product of the shadows differs from x . w
//  - by their rounding, relative u = 2^-11 a value where it is normal in fp16: 2 u + u^2; where it
//    is subnormal, by up to 2^-25 of the row's scale a value, which is sqrt(d) 2^-39 of its length;
//  - by the additions on tensor cores, which round towards zero and align the products of a block
//    of 4, 8 or 16 with the sum so far: no more than d 2^-22, as (k + 1) 2^-23 for each block of k.
// The dot product that decides (warp_dot) itself is off by (d / 128 + 9) 2^-24 at most. `slack` is
// the sum of these, rounded up by 2^-20, which the few roundings on the way from here cannot use
// up (Screen.java computes it). Where a product could overflow in fp32 the reach is infinite.
#pragma once

#include "rows.cuh"

/// The preactivation from a product of two shadows. The smaller scale goes first: so nothing
/// overflows or underflows that would not in the end.
static __device__ __forceinline__ float screen_z(float product, float x_scale, float w_scale,
                                                 float bias) {
  return fmaf(product * fminf(x_scale, w_scale), fmaxf(x_scale, w_scale), bias);
}

/// False only if the pair would not be kept when computed in single precision.
static __device__ __forceinline__ bool screen_may_keep(float z, float slack, float x_norm,
                                                       float w_norm, float threshold,
                                                       float half_band, int relu_first) {
  float reach = fmaf(slack, x_norm * w_norm, 0x1p-126f);
  // Adding the bias has rounded twice, here and in what decides.
  reach = fmaf(fabsf(z), 0x1p-20f, reach);
  return is_kept(after_relu(z + reach, relu_first), threshold, half_band);
}
