// From what the screen let through to the lists of a batch.
//
//   recheck         computes the candidates in fp32 and keeps those that are to be kept
//   append_screened takes them as they are (FAST)
//
// Candidates lie in segments: row r and range s of features have the first `room` of
// candidate_counts[r * ranges + s] features in candidates[(r * ranges + s) * room + i], ascending.
// Ranges are of range_features features, in order.
#include "rows.cuh"

namespace {

/// Most ranges, and threads of a block.
constexpr int RECHECK_RANGES = 256;

/// The range that an item is in: starts[range] <= item < starts[range + 1].
__device__ __forceinline__ int recheck_range(const int* starts, int ranges, int item) {
  int low = 0;
  int high = ranges;
  while (high - low > 1) {
    int middle = (low + high) / 2;
    if (starts[middle] <= item) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

/// A block of RECHECK_RANGES threads for each row. Where a segment has overflowed, all features of
/// its range are computed: slow, but nothing is lost and every count is exact.
///
/// x [rows, d], less the offsets; encoder [F, d]; lists: capacity entries a row, z with bias, after
/// the relu; longest: raised to the longest segment that has overflowed.
extern "C" __global__ void __launch_bounds__(RECHECK_RANGES, 3)
    recheck(const float* x, const float* encoder, const float* bias, const float* threshold,
            float half_band, int relu_first, int d, int features, const int* candidates,
            const int* candidate_counts, int ranges, int range_features, int room, int capacity,
            int* list_counts, int* list_features, float* list_z, int* longest, unsigned* flags) {
  __shared__ int starts[RECHECK_RANGES + 1];
  __shared__ int item_feature[RECHECK_RANGES];
  __shared__ float item_z[RECHECK_RANGES];
  __shared__ int scratch[MOST_WARPS];
  size_t row = blockIdx.x;
  int thread = threadIdx.x;
  int found = thread < ranges ? candidate_counts[row * ranges + thread] : 0;
  if (found > room) {
    atomicMax(longest, found);
  }
  int items = found <= room ? found : min(range_features, features - thread * range_features);
  int total;
  starts[thread] = block_sum_before(items, total, scratch);
  if (thread == 0) {
    starts[RECHECK_RANGES] = total;
  }
  __syncthreads();

  const float* row_x = x + row * d;
  int count = 0;
  for (int base = 0; base < total; base += RECHECK_RANGES) {
    int here = min(RECHECK_RANGES, total - base);
    for (int i = warp_of_block(); i < here; i += RECHECK_RANGES / 32) {
      int range = recheck_range(starts, ranges, base + i);
      int at = base + i - starts[range];
      size_t segment = row * ranges + range;
      int feature = candidate_counts[segment] <= room ? candidates[segment * room + at]
                                                      : range * range_features + at;
      float dot = warp_dot(row_x, encoder + static_cast<size_t>(feature) * d, d);
      if (lane_of_warp() == 0) {
        item_feature[i] = feature;
        item_z[i] = after_relu(dot + bias[feature], relu_first);
      }
    }
    __syncthreads();
    bool keep = thread < here && is_kept(item_z[thread], threshold[item_feature[thread]], half_band);
    int kept;
    int entry = count + block_sum_before(keep, kept, scratch);
    if (keep && entry < capacity) {
      list_features[row * capacity + entry] = item_feature[thread];
      list_z[row * capacity + entry] = item_z[thread];
    }
    count += kept;
    __syncthreads();
  }
  if (thread == 0) {
    list_counts[row] = count;
    if (count > capacity) {
      atomicOr(flags, FLAG_OVERFLOW);
    }
  }
}

/// A block of RECHECK_RANGES threads for each row. Counts are exact; where a segment has
/// overflowed, so counts a list, and what is missing in it is feature 0 with z = 0.
extern "C" __global__ void __launch_bounds__(RECHECK_RANGES)
    append_screened(const int* candidates, const float* candidate_z, const int* candidate_counts,
                    int ranges, int room, int capacity, int* list_counts, int* list_features,
                    float* list_z, int* longest, unsigned* flags) {
  __shared__ int starts[RECHECK_RANGES + 1];
  __shared__ int scratch[MOST_WARPS];
  size_t row = blockIdx.x;
  int thread = threadIdx.x;
  int found = thread < ranges ? candidate_counts[row * ranges + thread] : 0;
  if (found > room) {
    atomicMax(longest, found);
  }
  int overflowed = __syncthreads_or(found > room);
  int total;
  starts[thread] = block_sum_before(found, total, scratch);
  __syncthreads();
  for (int entry = thread; entry < min(total, capacity); entry += RECHECK_RANGES) {
    int range = recheck_range(starts, ranges, entry);
    int at = entry - starts[range];
    size_t from = (row * ranges + range) * room + at;
    list_features[row * capacity + entry] = at < room ? candidates[from] : 0;
    list_z[row * capacity + entry] = at < room ? candidate_z[from] : 0.0f;
  }
  if (thread == 0) {
    list_counts[row] = total;
    if (overflowed || total > capacity) {
      atomicOr(flags, FLAG_OVERFLOW);
    }
  }
}
