// The product of the two shadows on tensor cores, of which only the pairs that may be kept are
// ever written: C[r, f] = X16[r] . W16[f], 128 rows x 128 features at a time.
//
// A block has 128 rows and walks through a range of features in order, so that the candidates of a
// row in its range come out ascending (segments as in recheck.cu). Eight warps, 2 along the rows x
// 4 along the features, 64 x 32 each. Slices of both factors, 32 deep, arrive in shared memory
// three stages ahead, also across the ends of tiles: the next tile's first slices travel while
// this one's products are looked at.
//
// Shared memory, in bytes (SCREEN_SHARED in all; Encoder.java knows it):
//   stages    3 x (128 + 128) rows x 64; 16-byte chunk c of row r lies at c ^ (r / 2 % 4), so that
//             ldmatrix's eight rows are in different banks
//   scales, norms   2 x 128 floats, of the rows
//   masks     2 x 128 x 4 words: which of the tile's features may be kept, by row
//   cursors   2 x 128 ints: how many a row had before the tile
// Masks and cursors are used in turn by even and odd tiles: one barrier a tile is enough.
#include "screen.cuh"

namespace {

constexpr int SCREEN_TILE = 128;
constexpr int SCREEN_DEPTH = 32;
constexpr int SCREEN_STAGES = 3;
constexpr int SCREEN_THREADS = 256;

/// Of a warp: tiles of 16 rows, tiles of 8 features.
constexpr int SCREEN_ROW_TILES = 4;
constexpr int SCREEN_FEATURE_TILES = 4;

constexpr int SCREEN_SLICE = SCREEN_TILE * SCREEN_DEPTH;

struct ScreenShared {
  uint16_t stages[SCREEN_STAGES][2][SCREEN_SLICE];
  float scales[SCREEN_TILE];
  float norms[SCREEN_TILE];
  unsigned masks[2][SCREEN_TILE][4];
  int cursors[2][SCREEN_TILE];
};

static_assert(sizeof(ScreenShared) == 55296, "SCREEN_SHARED in Encoder.java");

__device__ __forceinline__ uint16_t* screen_chunk(uint16_t* slice, int row, int chunk) {
  return slice + row * SCREEN_DEPTH + (chunk ^ (row >> 1 & 3)) * 8;
}

/// Starts to copy a slice: 128 rows from `first` on, of which there are `count`, 32 deep from k on.
__device__ __forceinline__ void screen_load(uint16_t* slice, const uint16_t* from, int first,
                                            int count, int stride, int k) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = threadIdx.x / 4 + 64 * i;
    int chunk = threadIdx.x % 4;
    bool valid = first + row < count;
    size_t at = static_cast<size_t>(valid ? first + row : 0) * stride + k + 8 * chunk;
    copy_async_16(screen_chunk(slice, row, chunk), from + at, valid);
  }
}

/// Adds the product of a slice to what the warp holds.
__device__ __forceinline__ void screen_multiply(
    uint16_t* x, uint16_t* w, int warp_row, int warp_feature,
    float (&sums)[SCREEN_ROW_TILES][SCREEN_FEATURE_TILES][4]) {
  int lane = lane_of_warp();
  int matrix = lane / 8;
  int row = lane % 8;
#pragma unroll
  for (int k = 0; k < SCREEN_DEPTH / 8; k += 2) {
    uint32_t b[SCREEN_FEATURE_TILES][2];
#pragma unroll
    for (int j = 0; j < SCREEN_FEATURE_TILES; j += 2) {
      uint32_t both[4];
      load_matrix_x4(both, screen_chunk(w, warp_feature + 8 * (j + matrix / 2) + row,
                                        k + matrix % 2));
      b[j][0] = both[0];
      b[j][1] = both[1];
      b[j + 1][0] = both[2];
      b[j + 1][1] = both[3];
    }
#pragma unroll
    for (int i = 0; i < SCREEN_ROW_TILES; i++) {
      uint32_t a[4];
      load_matrix_x4(a, screen_chunk(x, warp_row + 16 * i + 8 * (matrix % 2) + row,
                                     k + matrix / 2));
#pragma unroll
      for (int j = 0; j < SCREEN_FEATURE_TILES; j++) {
        mma_f16(sums[i][j], a, b[j]);
      }
    }
  }
}

template <bool EXACT>
__device__ __forceinline__ void screen_range(
    const uint16_t* x, const float* x_scales, const float* x_norms, int rows, const uint16_t* w,
    const float* w_scales, const float* w_norms, const float* bias, const float* threshold,
    int stride, int features, float slack, float half_band, int relu_first, int range_features,
    int room, int* candidates, float* candidate_z, int* candidate_counts) {
  DYNAMIC_SHARED(ScreenShared, shared);
  int thread = threadIdx.x;
  int lane = lane_of_warp();
  int group = lane / 4;
  int pair = 2 * (lane % 4);
  int warp_row = 64 * (warp_of_block() / 4);
  int warp_word = warp_of_block() % 4;
  int warp_feature = 32 * warp_word;
  int first_row = blockIdx.x * SCREEN_TILE;
  int first_feature = blockIdx.y * range_features;
  int range_end = min(features, first_feature + range_features);
  int ranges = gridDim.y;

  if (thread < SCREEN_TILE) {
    bool valid = first_row + thread < rows;
    shared->scales[thread] = valid ? x_scales[first_row + thread] : 0.0f;
    shared->norms[thread] = valid ? x_norms[first_row + thread] : 0.0f;
    shared->cursors[0][thread] = 0;
  }
  int depth_steps = stride / SCREEN_DEPTH;
  int tiles = (range_end - first_feature + SCREEN_TILE - 1) / SCREEN_TILE;
  int steps = tiles * depth_steps;
  int load_feature = first_feature;
  int load_k = 0;
  auto load = [&](int step) {
    if (step < steps) {
      uint16_t(*stage)[SCREEN_SLICE] = shared->stages[step % SCREEN_STAGES];
      screen_load(stage[0], x, first_row, rows, stride, load_k);
      screen_load(stage[1], w, load_feature, range_end, stride, load_k);
      load_k += SCREEN_DEPTH;
      if (load_k == stride) {
        load_k = 0;
        load_feature += SCREEN_TILE;
      }
    }
    copy_async_commit();
  };
  for (int step = 0; step < SCREEN_STAGES - 1; step++) {
    load(step);
  }

  int step = 0;
  for (int tile = 0; tile < tiles; tile++) {
    float sums[SCREEN_ROW_TILES][SCREEN_FEATURE_TILES][4] = {};
    for (int k = 0; k < depth_steps; k++, step++) {
      copy_async_wait<SCREEN_STAGES - 2>();
      __syncthreads();
      load(step + SCREEN_STAGES - 1);
      uint16_t(*stage)[SCREEN_SLICE] = shared->stages[step % SCREEN_STAGES];
      screen_multiply(stage[0], stage[1], warp_row, warp_feature, sums);
    }

    // Which of its 64 x 32 pairs may be kept: a word for each row, eight bits of it by each lane.
    int tile_feature = first_feature + tile * SCREEN_TILE + warp_feature;
    unsigned own[SCREEN_ROW_TILES][2] = {};
#pragma unroll
    for (int j = 0; j < SCREEN_FEATURE_TILES; j++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        int bit = 8 * j + pair + e;
        int feature = tile_feature + bit;
        if (feature < range_end) {
          float w_scale = w_scales[feature];
          float w_norm = EXACT ? w_norms[feature] : 0.0f;
          float add = bias[feature];
          float above = threshold[feature];
#pragma unroll
          for (int i = 0; i < SCREEN_ROW_TILES; i++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
              int row = warp_row + 16 * i + 8 * h + group;
              float z = screen_z(sums[i][j][2 * h + e], shared->scales[row], w_scale, add);
              bool keep;
              if (EXACT) {
                keep = screen_may_keep(z, slack, shared->norms[row], w_norm, above, half_band,
                                       relu_first);
              } else {
                z = after_relu(z, relu_first);
                sums[i][j][2 * h + e] = z;
                keep = is_kept(z, above, half_band);
              }
              if (keep) {
                own[i][h] |= 1u << bit;
              }
            }
          }
        }
      }
    }
    int turn = tile & 1;
    unsigned words[SCREEN_ROW_TILES][2];
#pragma unroll
    for (int i = 0; i < SCREEN_ROW_TILES; i++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        unsigned word = own[i][h];
        word |= __shfl_xor_sync(FULL_WARP, word, 1);
        word |= __shfl_xor_sync(FULL_WARP, word, 2);
        words[i][h] = word;
        if (pair == 0) {
          shared->masks[turn][warp_row + 16 * i + 8 * h + group][warp_word] = word;
        }
      }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < SCREEN_ROW_TILES; i++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        int row = warp_row + 16 * i + 8 * h + group;
        if (own[i][h] != 0 && first_row + row < rows) {
          const unsigned* masks = shared->masks[turn][row];
          int before = shared->cursors[turn][row];
          for (int word = 0; word < warp_word; word++) {
            before += __popc(masks[word]);
          }
          size_t segment = static_cast<size_t>(first_row + row) * ranges + blockIdx.y;
#pragma unroll
          for (int j = 0; j < SCREEN_FEATURE_TILES; j++) {
#pragma unroll
            for (int e = 0; e < 2; e++) {
              int bit = 8 * j + pair + e;
              if (own[i][h] >> bit & 1) {
                int entry = before + __popc(words[i][h] & ((1u << bit) - 1));
                if (entry < room) {
                  candidates[segment * room + entry] = tile_feature + bit;
                  if (!EXACT) {
                    candidate_z[segment * room + entry] = sums[i][j][2 * h + e];
                  }
                }
              }
            }
          }
        }
      }
    }
    if (thread < SCREEN_TILE) {
      int cursor = shared->cursors[turn][thread];
      for (int word = 0; word < 4; word++) {
        cursor += __popc(shared->masks[turn][thread][word]);
      }
      shared->cursors[turn ^ 1][thread] = cursor;
    }
  }
  if (thread < SCREEN_TILE && first_row + thread < rows) {
    candidate_counts[static_cast<size_t>(first_row + thread) * ranges + blockIdx.y] =
        shared->cursors[tiles & 1][thread];
  }
}

}  // namespace

/// Blocks (128 rows, range of features). x [rows, stride], w [F, stride] and what comes with them:
/// shadows; range_features: a multiple of 128, none of the ranges is empty; candidates
/// [rows, ranges, room]; candidate_counts [rows, ranges], exact also above the room.
extern "C" __global__ void __launch_bounds__(SCREEN_THREADS, 2)
    screen(const uint16_t* x, const float* x_scales, const float* x_norms, int rows,
           const uint16_t* w, const float* w_scales, const float* w_norms, const float* bias,
           const float* threshold, int stride, int features, float slack, float half_band,
           int relu_first, int range_features, int room, int* candidates, int* candidate_counts) {
  screen_range<true>(x, x_scales, x_norms, rows, w, w_scales, w_norms, bias, threshold, stride,
                     features, slack, half_band, relu_first, range_features, room, candidates,
                     nullptr, candidate_counts);
}

/// As screen, for what is not computed again: the gate itself, and z with the candidates.
extern "C" __global__ void __launch_bounds__(SCREEN_THREADS, 2)
    screen_fast(const uint16_t* x, const float* x_scales, int rows, const uint16_t* w,
                const float* w_scales, const float* bias, const float* threshold, int stride,
                int features, float half_band, int relu_first, int range_features, int room,
                int* candidates, float* candidate_z, int* candidate_counts) {
  screen_range<false>(x, x_scales, x_scales, rows, w, w_scales, w_scales, bias, threshold, stride,
                      features, 0, half_band, relu_first, range_features, room, candidates,
                      candidate_z, candidate_counts);
}
