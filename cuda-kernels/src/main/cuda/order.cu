// What is summed over the rows of a batch, and its pairs by feature, in the order of rows: what sums
// over a feature's rows need.
//
//   sums_of_batch   sums over rows, whether the step goes on, and room for each feature's list
//   scatter_pairs   pairs into those lists, in any order
//   feature_sums    each list in order, what is active of it, and the feature's own numbers; pieces
//                   of long lists for sums_before_rows (gradients.cu)
//
// Pairs are known by their place in the batch's lists, row * capacity + i (below 2^31). histogram
// [F] holds how many there are; starts, sizes [F]; pairs, ordered, active_row, active_f, active_by_z
// [all pairs].
#include "training.cuh"

namespace {

using namespace training;

constexpr int ORDER_THREADS = 256;

/// Sums over rows, by one block; sets what keeps a step from going on.
__device__ void sum_rows(const int* count, const int* row_active, const int* row_in_band,
                         const int* row_uncertain, const double* row_squares,
                         const double* row_penalty, int rows, int dense,
                         const StepValues* step, StepResult* result) {
  __shared__ double scratch[MOST_WARPS];
  __shared__ long long scratch_of_counts[MOST_WARPS];
  __shared__ float scratch_of_lengths[MOST_WARPS];
  const bool overflowed = failed_together(result);
  double squares = 0;
  double penalties = 0;
  long long on = 0;
  long long band = 0;
  long long uncertain = 0;
  long long kept = 0;
  long long longest = 0;
  for (int row = threadIdx.x; row < rows; row += blockDim.x) {
    if (count != nullptr) {
      kept += count[row];
      longest = max(longest, static_cast<long long>(count[row]));
    }
    if (!overflowed) {
      squares += row_squares[row];
      penalties += row_penalty[row];
      on += row_active[row];
      band += row_in_band[row];
      uncertain += row_uncertain == nullptr ? 0 : row_uncertain[row];
    }
  }
  squares = block_sum(squares, scratch);
  penalties = block_sum(penalties, scratch);
  on = block_sum(on, scratch_of_counts);
  band = block_sum(band, scratch_of_counts);
  uncertain = block_sum(uncertain, scratch_of_counts);
  kept = block_sum(kept, scratch_of_counts);
  // Lists have at most as many pairs as there are features, which floats hold exactly to 2^24.
  longest = static_cast<long long>(block_max(static_cast<float>(longest), scratch_of_lengths));
  if (threadIdx.x != 0) {
    return;
  }
  result->scale = 1;
  result->squares = squares;
  result->penalties = penalties;
  result->active = on;
  result->in_band = band;
  result->uncertain = uncertain;
  result->kept = kept;
  result->longest = longest;
  if (overflowed) {
    return;
  }
  if (!is_finite(squares / rows + step->weight * penalties)) {
    result->flags |= FLAG_LOSS;
  }
  const double entries = static_cast<double>(on + band);
  const bool other_mode = dense ? entries - uncertain < step->least : entries >= step->least;
  if (other_mode) {
    result->flags |= FLAG_MODE;
  }
}

/// Gives each feature of a block room for its list. Lists lie in an order of blocks that may differ
/// from run to run; nothing depends on it.
__device__ void give_lists(int block, int features, const int* histogram, int* given, int* starts,
                           int* sizes) {
  __shared__ int scratch[MOST_WARPS];
  __shared__ int start;
  const int feature = block * blockDim.x + threadIdx.x;
  const int size = feature < features ? histogram[feature] : 0;
  int all;
  const int before = block_sum_before(size, all, scratch);
  if (threadIdx.x == 0) {
    start = atomicAdd(given, all);
  }
  __syncthreads();
  if (feature < features) {
    starts[feature] = start + before;
    sizes[feature] = size;
  }
}

/// parts[part][column] = the sum over up to 64 rows of errors [B, d_out], for the gradient of b_dec.
__device__ void sum_errors(int part, int column, const float* errors, int rows, int outputs,
                           float* parts) {
  constexpr int ROWS_OF_A_PART = 64;
  if (column >= outputs) {
    return;
  }
  const int first = part * ROWS_OF_A_PART;
  const int end = min(first + ROWS_OF_A_PART, rows);
  float sum = 0;
#pragma unroll 4
  for (int row = first; row < end; row++) {
    sum += errors[static_cast<size_t>(row) * outputs + column];
  }
  parts[static_cast<size_t>(part) * outputs + column] = sum;
}

}  // namespace

/// Blocks: one for the sums over rows; one for each 256 features, for their lists; for each part of
/// 64 rows one for each 256 columns of the errors. A dense step has no lists: count is null, and
/// features is 0.
extern "C" __global__ void __launch_bounds__(ORDER_THREADS)
    sums_of_batch(const int* count, const int* row_active, const int* row_in_band,
                  const int* row_uncertain, const double* row_squares, const double* row_penalty,
                  int rows, int features, const StepValues* step, StepResult* result,
                  const int* histogram, int* given, int* starts, int* sizes, const float* errors,
                  int outputs, float* error_parts) {
  if (blockIdx.x == 0) {
    sum_rows(count, row_active, row_in_band, row_uncertain, row_squares, row_penalty, rows,
             count == nullptr, step, result);
    return;
  }
  const int block = blockIdx.x - 1;
  const int list_blocks = (features + ORDER_THREADS - 1) / ORDER_THREADS;
  if (block < list_blocks) {
    give_lists(block, features, histogram, given, starts, sizes);
    return;
  }
  const int own = block - list_blocks;
  const int column_blocks = (outputs + ORDER_THREADS - 1) / ORDER_THREADS;
  const int column = own % column_blocks * ORDER_THREADS + threadIdx.x;
  sum_errors(own / column_blocks, column, errors, rows, outputs, error_parts);
}

/// One block a row.
extern "C" __global__ void __launch_bounds__(128)
    scatter_pairs(const int* count, const int* feature, int capacity, const StepResult* result,
                  int* histogram, const int* starts, int* pairs) {
  if (failed(result)) {
    return;
  }
  const int first = blockIdx.x * capacity;
  for (int i = threadIdx.x; i < count[blockIdx.x]; i += blockDim.x) {
    const int own = feature[first + i];
    pairs[starts[own] + atomicSub(histogram + own, 1) - 1] = first + i;
  }
}

namespace {

/// The first of so many places for the pieces of a feature's list, or -1 where there are not enough.
/// Which places they are may differ from run to run, and whether there are enough; nothing depends
/// on it, since a piece's sums are the same whoever makes them.
__device__ int give_pieces(int feature, int pieces, int* given, int most, int* piece_feature) {
  const int first = atomicAdd(given, pieces);
  const bool enough = first <= most - pieces;
  for (int i = first; i < min(first + pieces, most); i++) {
    piece_feature[i] = enough ? feature : -1;
  }
  return enough ? first : -1;
}

}  // namespace

/// One warp a feature. Dynamic shared memory: two words for every 32 rows, for each warp.
extern "C" __global__ void __launch_bounds__(128)
    feature_sums(const float* z, const float* by_error, int rows, int capacity, int features,
                 const float* threshold, const float* decoder_length, const int* row_active,
                 const StepValues* step, const StepResult* result, const int* starts,
                 const int* sizes, const int* pairs, int* ordered, int* active_row,
                 float* active_f, float* active_by_z, float* bias_gradient,
                 double* threshold_by_errors, double* threshold_by_penalty, float* by_length,
                 int* feature_active, int* pieces_given, int most_pieces, int* piece_feature,
                 int* first_piece) {
  DYNAMIC_SHARED(unsigned, words_of_block);
  const int feature = blockIdx.x * (blockDim.x / 32) + warp_of_block();
  if (failed(result) || feature >= features) {
    return;
  }
  const int lane = lane_of_warp();
  const int words = (rows + 31) / 32;
  unsigned* seen = words_of_block + static_cast<size_t>(warp_of_block()) * 2 * words;
  unsigned* before = seen + words;  // rows of the list before a word's
  const int start = starts[feature];
  const int size = sizes[feature];
  const bool of_lengths = step->penalty == PENALTY_TANH;
  const float length = of_lengths ? decoder_length[feature] : 0.0f;
  FeatureSums sums;
  if (size > 0) {
    for (int i = lane; i < words; i += 32) {
      seen[i] = 0;
    }
    __syncwarp();
    for (int i = lane; i < size; i += 32) {
      const int row = pairs[start + i] / capacity;
      atomicOr(seen + row / 32, 1u << (row % 32));
    }
    __syncwarp();
    unsigned total = 0;
    for (int first = 0; first < words; first += 32) {
      const unsigned own = first + lane < words ? __popc(seen[first + lane]) : 0;
      unsigned upto = own;
      for (int step_up = 1; step_up < 32; step_up *= 2) {
        const unsigned lower = __shfl_up_sync(FULL_WARP, upto, step_up);
        upto += lane >= step_up ? lower : 0;
      }
      if (first + lane < words) {
        before[first + lane] = total + upto - own;
      }
      total += __shfl_sync(FULL_WARP, upto, 31);
    }
    __syncwarp();
    for (int i = lane; i < size; i += 32) {
      const int pair = pairs[start + i];
      const int row = pair / capacity;
      const unsigned lower = (1u << (row % 32)) - 1;
      ordered[start + before[row / 32] + __popc(seen[row / 32] & lower)] = pair;
    }
    __syncwarp();
  }
  int found = 0;
  for (int first = 0; first < size; first += 32) {
    bool on = false;
    int row = 0;
    float value = 0;
    float by_z = 0;
    if (first + lane < size) {
      const int pair = ordered[start + first + lane];
      row = pair / capacity;
      value = z[pair];
      on = active(value, threshold[feature]);
      by_z = add_entry(sums, step, value, threshold[feature], length, by_error[pair],
                       row_active[row]);
    }
    const unsigned all_on = __ballot_sync(FULL_WARP, on);
    if (on) {
      const int at = start + found + __popc(all_on & ((1u << lane) - 1));
      active_row[at] = row;
      active_f[at] = value;
      active_by_z[at] = by_z;
    }
    found += __popc(all_on);
  }
  sums.bias = warp_sum(sums.bias);
  sums.threshold_errors = warp_sum(sums.threshold_errors);
  sums.threshold_penalty = warp_sum(sums.threshold_penalty);
  sums.by_length = warp_sum(sums.by_length);
  sums.active = found;
  if (lane == 0) {
    write_sums({bias_gradient, threshold_by_errors, threshold_by_penalty, by_length,
                feature_active},
               feature, sums, length);
    first_piece[feature] =
        found > LIST_PIECE
            ? give_pieces(feature, (found + LIST_PIECE - 1) / LIST_PIECE, pieces_given,
                          most_pieces, piece_feature)
            : -1;
  }
}
