// What threads do together with rows of floats: sums over a warp and over a block, and the dot
// product that decides every gate. All of them give the same bits every run: the order of their
// additions is fixed by the width of the row and the number of threads alone.
#pragma once

#include "tapscope.cuh"

/// Most warps that a block can have.
constexpr int MOST_WARPS = 32;

// ---- What a batch finds out about itself: bits of one unsigned int, cleared before ----

/// A value that came in is not finite.
constexpr unsigned FLAG_NOT_FINITE = 1u;

/// A list is longer than its capacity.
constexpr unsigned FLAG_OVERFLOW = 2u;

/// The loss is not finite.
constexpr unsigned FLAG_LOSS = 4u;

/// The step has to be taken in the other mode, dense or sparse.
constexpr unsigned FLAG_MODE = 8u;

static __device__ __forceinline__ int lane_of_warp() { return threadIdx.x & 31; }

static __device__ __forceinline__ int warp_of_block() { return threadIdx.x >> 5; }

// ---- Over a warp: all 32 lanes call, and all get the same bits ----

template <typename T>
static __device__ __forceinline__ T warp_sum(T value) {
  for (int step = 16; step > 0; step >>= 1) {
    value += __shfl_xor_sync(FULL_WARP, value, step);
  }
  return value;
}

/// Of values that can be compared; a NaN is passed over.
static __device__ __forceinline__ float warp_max(float value) {
  for (int step = 16; step > 0; step >>= 1) {
    value = fmaxf(value, __shfl_xor_sync(FULL_WARP, value, step));
  }
  return value;
}

// ---- Over a block of one dimension, a multiple of 32 threads: all call, all get the same bits ----

/// By a fixed tree. `scratch` is shared and has MOST_WARPS places; it may be used again at once.
template <typename T>
static __device__ __forceinline__ T block_sum(T value, T* scratch) {
  value = warp_sum(value);
  if (lane_of_warp() == 0) {
    scratch[warp_of_block()] = value;
  }
  __syncthreads();
  int warps = blockDim.x >> 5;
  value = warp_sum(lane_of_warp() < warps ? scratch[lane_of_warp()] : static_cast<T>(0));
  __syncthreads();
  return value;
}

/// Of values of 0 and above; a NaN is passed over. `scratch` as for block_sum.
static __device__ __forceinline__ float block_max(float value, float* scratch) {
  value = warp_max(value);
  if (lane_of_warp() == 0) {
    scratch[warp_of_block()] = value;
  }
  __syncthreads();
  int warps = blockDim.x >> 5;
  value = warp_max(lane_of_warp() < warps ? scratch[lane_of_warp()] : 0.0f);
  __syncthreads();
  return value;
}

/// The sum of `value` over the threads before this one, and in `total` over all of them. `scratch`
/// as for block_sum.
static __device__ __forceinline__ int block_sum_before(int value, int& total, int* scratch) {
  int lane = lane_of_warp();
  int upto = value;
  for (int step = 1; step < 32; step <<= 1) {
    int before = __shfl_up_sync(FULL_WARP, upto, step);
    if (lane >= step) {
      upto += before;
    }
  }
  if (lane == 31) {
    scratch[warp_of_block()] = upto;
  }
  __syncthreads();
  int warps = blockDim.x >> 5;
  int of_warp = lane < warps ? scratch[lane] : 0;
  total = warp_sum(of_warp);
  int before_warp = warp_sum(lane < warp_of_block() ? of_warp : 0);
  __syncthreads();
  return before_warp + upto - value;
}

// ---- The dot product ----

/// Whether rows of this width that start at `first` and `second` can be read in 16 bytes.
static __device__ __forceinline__ bool in_fours(const float* first, const float* second, int d) {
  return ((reinterpret_cast<uintptr_t>(first) | reinterpret_cast<uintptr_t>(second)) & 15) == 0 &&
         (d & 3) == 0;
}

/// x . w over d values in fp32, by a whole warp; all lanes get it. Lane l takes, of every 128
/// values, those at 4 l to 4 l + 3, each into a chain of fused multiply-adds of its own; the four
/// chains are added, (0 + 1) + (2 + 3), and the lanes by a tree. Whoever computes a preactivation
/// that is not only a screen's does it by this function or with the same chains, so that a row and
/// a feature have the same z on every path. Error: at most (d / 128 + 9) 2^-24 |x||w|.
static __device__ __forceinline__ float warp_dot(const float* x, const float* w, int d) {
  float sum0 = 0;
  float sum1 = 0;
  float sum2 = 0;
  float sum3 = 0;
  if (in_fours(x, w, d)) {
#pragma unroll 4
    for (int k = 4 * lane_of_warp(); k < d; k += 128) {
      float4 a = *reinterpret_cast<const float4*>(x + k);
      float4 b = *reinterpret_cast<const float4*>(w + k);
      sum0 = fmaf(a.x, b.x, sum0);
      sum1 = fmaf(a.y, b.y, sum1);
      sum2 = fmaf(a.z, b.z, sum2);
      sum3 = fmaf(a.w, b.w, sum3);
    }
  } else {
    for (int k = 4 * lane_of_warp(); k < d; k += 128) {
      sum0 = fmaf(x[k], w[k], sum0);
      sum1 = k + 1 < d ? fmaf(x[k + 1], w[k + 1], sum1) : sum1;
      sum2 = k + 2 < d ? fmaf(x[k + 2], w[k + 2], sum2) : sum2;
      sum3 = k + 3 < d ? fmaf(x[k + 3], w[k + 3], sum3) : sum3;
    }
  }
  return warp_sum((sum0 + sum1) + (sum2 + sum3));
}

// ---- The gate ----

/// z where the method applies a relu before the gate; NaN stays.
static __device__ __forceinline__ float after_relu(float z, int relu_first) {
  return relu_first && z <= 0 ? 0.0f : z;
}

/// Whether a pair goes into the lists: active, in the band, or not to be compared.
static __device__ __forceinline__ bool is_kept(float z, float threshold, float half_band) {
  return !(z - threshold <= -half_band);
}
