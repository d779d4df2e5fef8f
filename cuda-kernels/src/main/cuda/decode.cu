// From the lists of a batch to its errors, and what the loss is made of.
//
//   xhat[r] = sum over active pairs of row r, by feature, of z W_dec[feature] + b_dec
//   errors[r] = 2 / B (xhat[r] - y[r])                     the loss's gradient by xhat
//   by_error[r, i] = errors[r] . W_dec[feature[r, i]]      its gradient by a kept pair's f
//
// Lists: count [B]; feature, z, by_error [B, capacity]. W_dec [F, d_out], y, errors [B, d_out].
// sae-runtime's PlainForward and PlainBackward.addRow are the same as loops.
#include "training.cuh"

namespace {

using namespace training;

constexpr int DECODE_PART = 256;  // pairs that are in shared memory at a time

/// Turns a thread's four columns of xhat into errors; returns their squares' sum.
__device__ __forceinline__ double compare_four(const float* y, float* errors, size_t row,
                                               int column, int width, bool whole, int rows,
                                               const Four& xhat, bool& finite) {
  const Four wanted = read_four(y + row * width, column, width, whole);
  const float scale = 2.0f / rows;
  double squares = 0;
  Four scaled;
  for (int k = 0; k < 4; k++) {
    const float error = column + k < width ? xhat.value[k] - wanted.value[k] : 0.0f;
    squares += static_cast<double>(error) * error;
    scaled.value[k] = scale * error;
    finite = finite && is_finite(wanted.value[k]);
  }
  write_four(errors + row * width, column, width, whole, scaled);
  return squares;
}

}  // namespace

/// One block a row. Without y (null) it writes xhat to `errors` and does nothing else.
extern "C" __global__ void __launch_bounds__(256)
    decode_errors(const float* y, const int* count, const int* feature, const float* z,
                  int capacity, const float* threshold, const float* decoder,
                  const float* decoder_bias, const float* decoder_length, int outputs,
                  const StepValues* step, StepResult* result, float* errors, float* by_error,
                  int* row_active, int* row_in_band, double* row_squares, double* row_penalty,
                  int* histogram) {
  __shared__ int features[DECODE_PART];
  __shared__ float values[DECODE_PART];
  __shared__ double scratch[MOST_WARPS];
  if (failed_together(result)) {
    return;
  }
  const int row = blockIdx.x;
  const int rows = gridDim.x;
  const int kept = count[row];
  const size_t first = static_cast<size_t>(row) * capacity;
  const bool whole = whole_fours(outputs);
  double squares = 0;
  bool finite = true;
  for (int tile = 0; tile < outputs; tile += 4 * blockDim.x) {
    const int column = tile + 4 * threadIdx.x;
    Four xhat = {};
    for (int part = 0; part < kept; part += DECODE_PART) {
      const int some = min(DECODE_PART, kept - part);
      __syncthreads();
      for (int i = threadIdx.x; i < DECODE_PART; i += blockDim.x) {
        const int own = i < some ? feature[first + part + i] : -1;
        const float value = i < some ? z[first + part + i] : 0.0f;
        const bool on = i < some && active(value, threshold[own]);
        features[i] = on ? own : -1;
        values[i] = on ? value : 0.0f;
      }
      __syncthreads();
      if (column < outputs) {
        for (int i = 0; i < some; i += 4) {
          Four four[4];
#pragma unroll
          for (int k = 0; k < 4; k++) {
            // What is only in the band is passed over; all four are then on their way at once.
            const int own = features[i + k];
            four[k] = Four{};
            if (own >= 0) {
              four[k] = read_four(decoder + static_cast<size_t>(own) * outputs, column, outputs,
                                  whole);
            }
          }
#pragma unroll
          for (int k = 0; k < 4; k++) {
            add_four(xhat, values[i + k], four[k]);
          }
        }
      }
    }
    if (column < outputs) {
      const Four bias = read_four(decoder_bias, column, outputs, whole);
      for (int k = 0; k < 4; k++) {
        xhat.value[k] += bias.value[k];
      }
      if (y == nullptr) {
        write_four(errors + static_cast<size_t>(row) * outputs, column, outputs, whole, xhat);
      } else {
        squares += compare_four(y, errors, row, column, outputs, whole, rows, xhat, finite);
      }
    }
  }
  if (y == nullptr) {
    return;
  }
  if (!finite) {
    atomicOr(&result->flags, FLAG_NOT_FINITE);
  }
  __syncthreads();  // all of the row's errors are written

  int on = 0;
  int band = 0;
  double penalty = 0;
  for (int i = threadIdx.x; i < kept; i += blockDim.x) {
    const int own = feature[first + i];
    const float value = z[first + i];
    const bool is_active = active(value, threshold[own]);
    on += is_active;
    band += in_band(value, threshold[own], step->half_band);
    if (is_active && step->penalty == PENALTY_TANH) {
      penalty += penalty_of_length(step, static_cast<double>(value) * decoder_length[own]);
    }
    atomicAdd(histogram + own, 1);
  }
  for (int i = warp_of_block(); i < kept; i += blockDim.x / 32) {
    const int own = feature[first + i];
    const float dot = warp_dot(errors + static_cast<size_t>(row) * outputs,
                               decoder + static_cast<size_t>(own) * outputs, outputs);
    if (lane_of_warp() == 0) {
      by_error[first + i] = dot;
    }
  }
  squares = block_sum(squares, scratch);
  penalty = block_sum(penalty, scratch);
  on = static_cast<int>(block_sum(static_cast<double>(on), scratch));
  band = static_cast<int>(block_sum(static_cast<double>(band), scratch));
  if (threadIdx.x == 0) {
    row_active[row] = on;
    row_in_band[row] = band;
    row_squares[row] = squares;
    row_penalty[row] = penalty + penalty_of_l0(step, on);
  }
}

/// The same where xhat [B, d_out] is there, without b_dec, in `errors`, and the gates of the row
/// have been counted.
extern "C" __global__ void __launch_bounds__(256)
    compare_rows(const float* y, const float* decoder_bias, int outputs, const StepValues* step,
                 StepResult* result, float* errors, const int* row_active, double* row_squares,
                 double* row_penalty) {
  __shared__ double scratch[MOST_WARPS];
  if (failed_together(result)) {
    return;
  }
  const int row = blockIdx.x;
  const bool whole = whole_fours(outputs);
  double squares = 0;
  bool finite = true;
  for (int column = 4 * threadIdx.x; column < outputs; column += 4 * blockDim.x) {
    float* own = errors + static_cast<size_t>(row) * outputs;
    Four xhat = read_four(own, column, outputs, whole);
    const Four bias = read_four(decoder_bias, column, outputs, whole);
    for (int k = 0; k < 4; k++) {
      xhat.value[k] += bias.value[k];
    }
    if (y == nullptr) {
      write_four(own, column, outputs, whole, xhat);
    } else {
      squares += compare_four(y, errors, row, column, outputs, whole, gridDim.x, xhat, finite);
    }
  }
  if (y == nullptr) {
    return;
  }
  if (!finite) {
    atomicOr(&result->flags, FLAG_NOT_FINITE);
  }
  squares = block_sum(squares, scratch);
  if (threadIdx.x == 0) {
    row_squares[row] = squares;
    row_penalty[row] += penalty_of_l0(step, row_active[row]);
  }
}
