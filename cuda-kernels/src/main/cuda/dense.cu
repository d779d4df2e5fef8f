// What stands between the products of a dense step. Features are worked through in chunks of C:
//
//   z = input W_enc^T          gate_rows      z + b_enc, f; per row how many are active, in band
//   xhat += f W_dec            compare_rows   (decode.cu)
//   by_error = errors W_dec^T  gate_columns   by_z, and the numbers of each feature
//   sums of the rows = by_z^T input, f^T errors   dense_rows (gradients.cu)
//
// input [B, d_in] is x less b_dec, where that is the method; z, f, by_error [B, C].
#include "training.cuh"

namespace {

using namespace training;

/// Rows that threads of a block work on side by side in gate_columns.
constexpr int GATE_LANES = 8;

}  // namespace

/// input = x - offsets (null: only the lengths), and |input| rounded up; one block a row.
extern "C" __global__ void __launch_bounds__(256)
    center_rows(const float* x, const float* offsets, int inputs, StepResult* result, float* input,
                float* norms) {
  __shared__ double scratch[MOST_WARPS];
  if (failed_together(result)) {
    return;
  }
  const size_t at = static_cast<size_t>(blockIdx.x) * inputs;
  double squares = 0;
  bool finite = true;
  for (int i = threadIdx.x; i < inputs; i += blockDim.x) {
    float value = x[at + i];
    finite = finite && is_finite(value);
    if (offsets != nullptr) {
      value -= offsets[i];
      input[at + i] = value;
    }
    squares += static_cast<double>(value) * value;
  }
  if (!finite) {
    atomicOr(&result->flags, FLAG_NOT_FINITE);
  }
  squares = block_sum(squares, scratch);
  if (threadIdx.x == 0) {
    norms[blockIdx.x] = static_cast<float>(sqrt(squares)) * 1.000001f;
  }
}

/// One block a row, over a chunk of `chunk` features from `first` on; the first chunk begins the
/// row's counts. An entry is uncertain for each gate that another order of summation might turn:
/// both orders lie within slack |input| |W_enc[f]| of each other, and the bias is added to either.
extern "C" __global__ void __launch_bounds__(256)
    gate_rows(float* z, float* f, int chunk, int first, const float* bias, const float* threshold,
              const float* decoder_length, const float* input_norm, const float* encoder_norm,
              float slack, int relu_first, const StepValues* step, const StepResult* result,
              int* row_active, int* row_in_band, int* row_uncertain, double* row_penalty) {
  __shared__ double scratch[MOST_WARPS];
  if (failed(result)) {
    return;
  }
  const int row = blockIdx.x;
  const size_t at = static_cast<size_t>(row) * chunk;
  int on = 0;
  int band = 0;
  int uncertain = 0;
  double penalty = 0;
  for (int i = threadIdx.x; i < chunk; i += blockDim.x) {
    const int feature = first + i;
    const float limit = threshold[feature];
    const float value = after_relu(z[at + i] + bias[feature], relu_first);
    const bool is_active = active(value, limit);
    z[at + i] = value;
    f[at + i] = is_active ? value : 0.0f;
    on += is_active;
    band += in_band(value, limit, step->half_band);
    const float distance = fabsf(value - limit);
    const float bound = slack * input_norm[row] * encoder_norm[feature] +
                        0x1p-21f * (fabsf(value) + fabsf(bias[feature]));
    uncertain += distance <= bound;
    uncertain += fabsf(distance - step->half_band) <= bound;
    if (is_active && step->penalty == PENALTY_TANH) {
      penalty += penalty_of_length(step, static_cast<double>(value) * decoder_length[feature]);
    }
  }
  on = static_cast<int>(block_sum(static_cast<double>(on), scratch));
  band = static_cast<int>(block_sum(static_cast<double>(band), scratch));
  uncertain = static_cast<int>(block_sum(static_cast<double>(uncertain), scratch));
  penalty = block_sum(penalty, scratch);
  if (threadIdx.x == 0) {
    const bool begin = first == 0;
    row_active[row] = on + (begin ? 0 : row_active[row]);
    row_in_band[row] = band + (begin ? 0 : row_in_band[row]);
    row_uncertain[row] = uncertain + (begin ? 0 : row_uncertain[row]);
    row_penalty[row] = penalty + (begin ? 0 : row_penalty[row]);
  }
}

/// z + b_enc and f again, for the way back.
extern "C" __global__ void __launch_bounds__(256)
    gate_again(float* z, float* f, int chunk, int first, const float* bias, const float* threshold,
               int relu_first, const StepResult* result) {
  if (failed(result)) {
    return;
  }
  const size_t at = static_cast<size_t>(blockIdx.x) * chunk;
  for (int i = threadIdx.x; i < chunk; i += blockDim.x) {
    const float value = after_relu(z[at + i] + bias[first + i], relu_first);
    z[at + i] = value;
    f[at + i] = active(value, threshold[first + i]) ? value : 0.0f;
  }
}

/// by_error becomes by_z. A block has 32 features; its 8 warps take a row each.
extern "C" __global__ void __launch_bounds__(256)
    gate_columns(const float* z, float* by_error, int rows, int chunk, int first,
                 const float* threshold, const float* decoder_length, const int* row_active,
                 const StepValues* step, const StepResult* result, float* bias_gradient,
                 double* threshold_by_errors, double* threshold_by_penalty, float* by_length,
                 int* feature_active) {
  __shared__ double parts[4][GATE_LANES][32];
  __shared__ int active_parts[GATE_LANES][32];
  if (failed(result)) {
    return;
  }
  const int lane = lane_of_warp();
  const int warp = warp_of_block();
  const int column = blockIdx.x * 32 + lane;
  const bool of_lengths = step->penalty == PENALTY_TANH;
  FeatureSums sums;
  float length = 0;
  if (column < chunk) {
    const float limit = threshold[first + column];
    length = of_lengths ? decoder_length[first + column] : 0.0f;
    for (int row = warp; row < rows; row += GATE_LANES) {
      const size_t at = static_cast<size_t>(row) * chunk + column;
      by_error[at] = add_entry(sums, step, z[at], limit, length, by_error[at], row_active[row]);
    }
  }
  parts[0][warp][lane] = sums.bias;
  parts[1][warp][lane] = sums.threshold_errors;
  parts[2][warp][lane] = sums.threshold_penalty;
  parts[3][warp][lane] = sums.by_length;
  active_parts[warp][lane] = sums.active;
  __syncthreads();
  if (warp == 0 && column < chunk) {
    FeatureSums all;
    for (int i = 0; i < GATE_LANES; i++) {
      all.bias += parts[0][i][lane];
      all.threshold_errors += parts[1][i][lane];
      all.threshold_penalty += parts[2][i][lane];
      all.by_length += parts[3][i][lane];
      all.active += active_parts[i][lane];
    }
    write_sums({bias_gradient, threshold_by_errors, threshold_by_penalty, by_length,
                feature_active},
               first + column, all, length);
  }
}
