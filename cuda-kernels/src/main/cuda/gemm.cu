// Products of matrices in single precision, for steps in which too much is active for lists:
//
//   product_nt   C [m, n] = A [m, k] B [n, k]^T
//   product_nn   C [m, n] = A [m, k] B [k, n]
//   product_tn   C [m, n] = A [k, m]^T B [k, n]
//
// all row-major without gaps; with `add`, C += instead. An entry of C is one chain of fused
// multiply-adds in the order of k, whatever the sizes of the matrices around it.
//
// A block of 256 threads makes 128 x 128 of C, 8 k at a time; a thread 8 x 8, in four pieces of
// 4 x 4 so that neighbouring threads read neighbouring banks.
#include "training.cuh"

namespace {

using namespace training;

constexpr int PRODUCT_SIDE = 128;
constexpr int PRODUCT_DEPTH = 8;
constexpr int PRODUCT_STRIDE = PRODUCT_SIDE + 4;

/// Copies what a tile needs of one factor to shared memory as [depth][side]. Of a factor whose rows
/// go along k a thread takes four k of one row; otherwise four columns of one k.
template <bool along_k>
__device__ __forceinline__ Four read_tile(const float* factor, int first, int side, int at_k,
                                          int k) {
  const int thread = threadIdx.x;
  if (along_k) {
    const int row = first + thread / 2;
    const int column = at_k + thread % 2 * 4;
    if (row >= side || column >= k) {
      return Four{};
    }
    return read_four(factor + static_cast<size_t>(row) * k, column, k, k % 4 == 0);
  }
  const int row = at_k + thread / 32;
  const int column = first + thread % 32 * 4;
  if (row >= k || column >= side) {
    return Four{};
  }
  return read_four(factor + static_cast<size_t>(row) * side, column, side, side % 4 == 0);
}

template <bool along_k>
__device__ __forceinline__ void write_tile(float (*tile)[PRODUCT_STRIDE], const Four& four) {
  const int thread = threadIdx.x;
  if (along_k) {
    for (int i = 0; i < 4; i++) {
      tile[thread % 2 * 4 + i][thread / 2] = four.value[i];
    }
  } else {
    write_four(tile[thread / 32], thread % 32 * 4, PRODUCT_SIDE, true, four);
  }
}

template <bool a_along_k, bool b_along_k>
__device__ __forceinline__ void product(const float* a, const float* b, float* c, int m, int n,
                                        int k, int add) {
  __shared__ __align__(16) float a_tile[2][PRODUCT_DEPTH][PRODUCT_STRIDE];
  __shared__ __align__(16) float b_tile[2][PRODUCT_DEPTH][PRODUCT_STRIDE];
  const int first_row = blockIdx.y * PRODUCT_SIDE;
  const int first_column = blockIdx.x * PRODUCT_SIDE;
  const int row = threadIdx.x / 16 * 4;
  const int column = threadIdx.x % 16 * 4;
  float sums[8][8] = {};
  int now = 0;
  write_tile<a_along_k>(a_tile[0], read_tile<a_along_k>(a, first_row, m, 0, k));
  write_tile<b_along_k>(b_tile[0], read_tile<b_along_k>(b, first_column, n, 0, k));
  __syncthreads();
  for (int at = 0; at < k; at += PRODUCT_DEPTH) {
    // What comes next is on its way while this is multiplied.
    const bool more = at + PRODUCT_DEPTH < k;
    Four next_a = {};
    Four next_b = {};
    if (more) {
      next_a = read_tile<a_along_k>(a, first_row, m, at + PRODUCT_DEPTH, k);
      next_b = read_tile<b_along_k>(b, first_column, n, at + PRODUCT_DEPTH, k);
    }
#pragma unroll
    for (int i = 0; i < PRODUCT_DEPTH; i++) {
      float left[8];
      float right[8];
      for (int half = 0; half < 2; half++) {
        const Four a4 = read_four(a_tile[now][i], row + 64 * half, PRODUCT_SIDE, true);
        const Four b4 = read_four(b_tile[now][i], column + 64 * half, PRODUCT_SIDE, true);
        for (int j = 0; j < 4; j++) {
          left[4 * half + j] = a4.value[j];
          right[4 * half + j] = b4.value[j];
        }
      }
#pragma unroll
      for (int y = 0; y < 8; y++) {
#pragma unroll
        for (int x = 0; x < 8; x++) {
          sums[y][x] = fmaf(left[y], right[x], sums[y][x]);
        }
      }
    }
    if (more) {
      now ^= 1;
      write_tile<a_along_k>(a_tile[now], next_a);
      write_tile<b_along_k>(b_tile[now], next_b);
    }
    __syncthreads();
  }
#pragma unroll
  for (int y = 0; y < 8; y++) {
    const int to_row = first_row + row + y % 4 + 64 * (y / 4);
    if (to_row < m) {
      float* to = c + static_cast<size_t>(to_row) * n;
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const int to_column = first_column + column + 64 * half;
        if (to_column < n) {
          Four result = add ? read_four(to, to_column, n, whole_fours(n)) : Four{};
          for (int x = 0; x < 4; x++) {
            result.value[x] += sums[y][4 * half + x];
          }
          write_four(to, to_column, n, whole_fours(n), result);
        }
      }
    }
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    product_nt(const float* a, const float* b, float* c, int m, int n, int k, int add) {
  product<true, true>(a, b, c, m, n, k, add);
}

extern "C" __global__ void __launch_bounds__(256)
    product_nn(const float* a, const float* b, float* c, int m, int n, int k, int add) {
  product<true, false>(a, b, c, m, n, k, add);
}

extern "C" __global__ void __launch_bounds__(256)
    product_tn(const float* a, const float* b, float* c, int m, int n, int k, int add) {
  product<false, false>(a, b, c, m, n, k, add);
}
