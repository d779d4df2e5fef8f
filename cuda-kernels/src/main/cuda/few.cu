// The encoder for a few rows at a time, without tensor cores: it reads W_enc once, and that takes
// longer than all else. Also all preactivations of any number of rows.
//
//   few             z [rows, F] and, for every row and 32 features, a word of those that are kept
//   few_append      the kept ones as lists
//   preactivations  z alone, before any relu
//
// z[r, f] = warp_dot(x[r], W_enc[f]) + bias[f] (the same chains, several rows at a time).
#include "rows.cuh"

namespace {

/// Rows of a batch that a block takes.
constexpr int FEW_ROWS = 16;

/// Features that a block takes, one bit each of a word.
constexpr int FEW_FEATURES = 32;

/// Rows that go past a row of W_enc at a time.
constexpr int FEW_AT_A_TIME = 4;

/// warp_dot of one w with the rows x, x + d, ...; beyond the last of them, with the last.
__device__ __forceinline__ void few_dots(const float* x, int rows, const float* w, int d,
                                         float (&dots)[FEW_AT_A_TIME]) {
  const float* row[FEW_AT_A_TIME];
  float sums[FEW_AT_A_TIME][4];
#pragma unroll
  for (int r = 0; r < FEW_AT_A_TIME; r++) {
    row[r] = x + static_cast<size_t>(min(r, rows - 1)) * d;
    sums[r][0] = sums[r][1] = sums[r][2] = sums[r][3] = 0;
  }
  if (in_fours(x, w, d)) {
#pragma unroll 2
    for (int k = 4 * lane_of_warp(); k < d; k += 128) {
      float4 b = *reinterpret_cast<const float4*>(w + k);
#pragma unroll
      for (int r = 0; r < FEW_AT_A_TIME; r++) {
        float4 a = *reinterpret_cast<const float4*>(row[r] + k);
        sums[r][0] = fmaf(a.x, b.x, sums[r][0]);
        sums[r][1] = fmaf(a.y, b.y, sums[r][1]);
        sums[r][2] = fmaf(a.z, b.z, sums[r][2]);
        sums[r][3] = fmaf(a.w, b.w, sums[r][3]);
      }
    }
  } else {
    for (int k = 4 * lane_of_warp(); k < d; k += 128) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (k + i < d) {
          float b = w[k + i];
#pragma unroll
          for (int r = 0; r < FEW_AT_A_TIME; r++) {
            sums[r][i] = fmaf(row[r][k + i], b, sums[r][i]);
          }
        }
      }
    }
  }
#pragma unroll
  for (int r = 0; r < FEW_AT_A_TIME; r++) {
    dots[r] = warp_sum((sums[r][0] + sums[r][1]) + (sums[r][2] + sums[r][3]));
  }
}

/// tile[r][i] = z of row r and feature first + i, for the block to see.
__device__ __forceinline__ void few_tile(const float* x, int rows, const float* encoder,
                                         const float* bias, int first, int features, int d,
                                         float (*tile)[FEW_FEATURES + 1]) {
  int warps = blockDim.x >> 5;
  for (int i = warp_of_block(); i < min(FEW_FEATURES, features - first); i += warps) {
    const float* w = encoder + static_cast<size_t>(first + i) * d;
    for (int r = 0; r < rows; r += FEW_AT_A_TIME) {
      float dots[FEW_AT_A_TIME];
      few_dots(x + static_cast<size_t>(r) * d, rows - r, w, d, dots);
#pragma unroll
      for (int j = 0; j < FEW_AT_A_TIME; j++) {
        if (lane_of_warp() == j && r + j < rows) {
          tile[r + j][i] = dots[j] + bias[first + i];
        }
      }
    }
  }
  __syncthreads();
}

}  // namespace

/// A block for each 32 features; at most FEW_ROWS rows.
///
/// z [rows, F] after the relu; kept [rows, ceil(F / 32)].
extern "C" __global__ void __launch_bounds__(256)
    few(const float* x, const float* encoder, const float* bias, const float* threshold,
        float half_band, int relu_first, int rows, int d, int features, float* z, unsigned* kept) {
  __shared__ float tile[FEW_ROWS][FEW_FEATURES + 1];
  int first = blockIdx.x * FEW_FEATURES;
  few_tile(x, rows, encoder, bias, first, features, d, tile);
  int feature = first + lane_of_warp();
  bool inside = feature < features;
  for (int r = warp_of_block(); r < rows; r += blockDim.x >> 5) {
    float value = inside ? after_relu(tile[r][lane_of_warp()], relu_first) : 0.0f;
    bool keep = inside && is_kept(value, threshold[feature], half_band);
    unsigned word = __ballot_sync(FULL_WARP, keep);
    if (keep) {
      z[static_cast<size_t>(r) * features + feature] = value;
    }
    if (lane_of_warp() == 0) {
      kept[static_cast<size_t>(r) * gridDim.x + blockIdx.x] = word;
    }
  }
}

/// A block for each row. z, kept: as `few` has left them. Lists: capacity entries a row.
extern "C" __global__ void __launch_bounds__(256)
    few_append(const float* z, const unsigned* kept, int features, int words, int capacity,
               int* list_counts, int* list_features, float* list_z, unsigned* flags) {
  __shared__ int scratch[MOST_WARPS];
  size_t row = blockIdx.x;
  int count = 0;
  for (int base = 0; base < words; base += blockDim.x) {
    int at = base + threadIdx.x;
    unsigned word = at < words ? kept[row * words + at] : 0;
    int total;
    int entry = count + block_sum_before(__popc(word), total, scratch);
    for (; word != 0; word &= word - 1) {
      int feature = FEW_FEATURES * at + __ffs(word) - 1;
      if (entry < capacity) {
        list_features[row * capacity + entry] = feature;
        list_z[row * capacity + entry] = z[row * features + feature];
      }
      entry++;
    }
    count += total;
  }
  if (threadIdx.x == 0) {
    list_counts[row] = count;
    if (count > capacity) {
      atomicOr(flags, FLAG_OVERFLOW);
    }
  }
}

/// Blocks (32 features, 16 rows). z [rows, F].
extern "C" __global__ void __launch_bounds__(256)
    preactivations(const float* x, const float* encoder, const float* bias, int rows, int d,
                   int features, float* z) {
  __shared__ float tile[FEW_ROWS][FEW_FEATURES + 1];
  int first = blockIdx.x * FEW_FEATURES;
  size_t first_row = static_cast<size_t>(blockIdx.y) * FEW_ROWS;
  int count = min(FEW_ROWS, rows - static_cast<int>(first_row));
  few_tile(x + first_row * d, count, encoder, bias, first, features, d, tile);
  int feature = first + lane_of_warp();
  for (int r = warp_of_block(); r < count; r += blockDim.x >> 5) {
    if (feature < features) {
      z[(first_row + r) * features + feature] = tile[r][lane_of_warp()];
    }
  }
}
