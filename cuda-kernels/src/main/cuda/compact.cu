// The screen's other half where a library computes the products of the shadows, chunk by chunk of
// features: what may be kept is appended to the candidates of its row.
#include "screen.cuh"

namespace {

/// One warp's row. `decide` gives whether to keep, and z.
template <bool EXACT>
__device__ __forceinline__ void compact_row(const float* products, int chunk, int rows, int first,
                                            const float* x_scales, const float* x_norms,
                                            const float* w_scales, const float* w_norms,
                                            const float* bias, const float* threshold, float slack,
                                            float half_band, int relu_first, int room,
                                            int* candidates, float* candidate_z,
                                            int* candidate_counts) {
  int row = blockIdx.x * (blockDim.x >> 5) + warp_of_block();
  if (row >= rows) {
    return;
  }
  int lane = lane_of_warp();
  size_t from = static_cast<size_t>(row) * chunk;
  size_t to = static_cast<size_t>(row) * room;
  float x_scale = x_scales[row];
  float x_norm = x_norms[row];
  int count = first == 0 ? 0 : candidate_counts[row];
  for (int base = 0; base < chunk; base += 32) {
    bool keep = false;
    float z = 0;
    int feature = first + base + lane;
    if (base + lane < chunk) {
      z = screen_z(products[from + base + lane], x_scale, w_scales[feature], bias[feature]);
      if (EXACT) {
        keep = screen_may_keep(z, slack, x_norm, w_norms[feature], threshold[feature], half_band,
                               relu_first);
      } else {
        z = after_relu(z, relu_first);
        keep = is_kept(z, threshold[feature], half_band);
      }
    }
    unsigned word = __ballot_sync(FULL_WARP, keep);
    int entry = count + __popc(word & ((1u << lane) - 1));
    if (keep && entry < room) {
      candidates[to + entry] = feature;
      if (!EXACT) {
        candidate_z[to + entry] = z;
      }
    }
    count += __popc(word);
  }
  if (lane == 0) {
    candidate_counts[row] = count;
  }
}

}  // namespace

/// A warp for each row. products [rows, chunk] are those of the features from `first` on; chunks
/// come in order, and the first sets the counts. One segment of `room` candidates a row.
extern "C" __global__ void __launch_bounds__(256)
    compact(const float* products, int chunk, int rows, int first, const float* x_scales,
            const float* x_norms, const float* w_scales, const float* w_norms, const float* bias,
            const float* threshold, float slack, float half_band, int relu_first, int room,
            int* candidates, int* candidate_counts) {
  compact_row<true>(products, chunk, rows, first, x_scales, x_norms, w_scales, w_norms, bias,
                    threshold, slack, half_band, relu_first, room, candidates, nullptr,
                    candidate_counts);
}

/// As compact, for what is not computed again: the gate itself, and z with the candidates.
extern "C" __global__ void __launch_bounds__(256)
    compact_fast(const float* products, int chunk, int rows, int first, const float* x_scales,
                 const float* w_scales, const float* bias, const float* threshold, float half_band,
                 int relu_first, int room, int* candidates, float* candidate_z,
                 int* candidate_counts) {
  compact_row<false>(products, chunk, rows, first, x_scales, x_scales, w_scales, w_scales, bias,
                     threshold, 0, half_band, relu_first, room, candidates, candidate_z,
                     candidate_counts);
}
