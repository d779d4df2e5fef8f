// Adam on b_enc [F], the thresholds [F] and b_dec [d_out], and the length of the whole gradient where
// it is clipped. sae-runtime's SparseSae.step, sumThresholdGradient and keepThresholdsAboveZero are
// the same on the CPU.
#include "adam.cuh"

namespace {

using namespace training;

constexpr int VECTOR_THREADS = 256;

/// The gradient of what is trained for a threshold: the threshold, or its logarithm.
__device__ __forceinline__ float threshold_gradient(const StepValues& step, float threshold,
                                                    double by_errors, double by_penalty) {
  const double sum = by_errors + by_penalty;
  return static_cast<float>(step.log_threshold ? threshold * sum : sum);
}

/// The gradient of b_dec: through the output, and, where it is taken off the input, through that.
__device__ __forceinline__ float decoder_bias_gradient(const float* error_parts,
                                                       int error_part_count,
                                                       const float* through_parts,
                                                       int through_part_count, int outputs,
                                                       int column) {
  float sum = 0;
#pragma unroll 4
  for (int part = 0; part < error_part_count; part++) {
    sum += error_parts[static_cast<size_t>(part) * outputs + column];
  }
  float through = 0;
#pragma unroll 4
  for (int part = 0; part < through_part_count; part++) {
    through += through_parts[static_cast<size_t>(part) * outputs + column];
  }
  return sum - through;
}

/// Whether this block is the last of a launch to come here: it may then read what the others have
/// written before they came. All threads of all blocks call it, once; `arrived` is 0 before and
/// after.
__device__ bool last_of_all(unsigned* arrived) {
  __shared__ bool last;
  __syncthreads();  // all of this block have written
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicAdd(arrived, 1u) == gridDim.x - 1;
    __threadfence();
    if (last) {
      *arrived = 0;
    }
  }
  __syncthreads();
  return last;
}

/// Sums one number of each block, in an order that does not depend on which block this is.
__device__ double sum_parts(const double* parts, double* scratch) {
  double sum = 0;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x) {
    sum += parts[i];
  }
  return block_sum(sum, scratch);
}

}  // namespace

/// One thread a feature, and a column of b_dec. parts [3, blocks], for the last block, which sums
/// them.
extern "C" __global__ void __launch_bounds__(VECTOR_THREADS)
    move_vectors(int features, int outputs, int rows, float* encoder_bias, float* encoder_bias_v,
                 float* encoder_bias_m, const float* bias_gradient, float* trained,
                 float* trained_v, float* trained_m, float* threshold,
                 const double* threshold_by_errors, const double* threshold_by_penalty,
                 float* decoder_bias, float* decoder_bias_v, float* decoder_bias_m,
                 const float* error_parts, int error_part_count, const float* through_parts,
                 int through_part_count, const int* feature_active, long long* tokens_since_fired,
                 const StepValues* step_in_memory, StepResult* result, double* parts,
                 unsigned* arrived) {
  __shared__ double scratch[MOST_WARPS];
  if (failed(result)) {
    return;
  }
  const StepValues step = *step_in_memory;
  const float scale = result->scale;
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < outputs) {
    const float gradient = decoder_bias_gradient(error_parts, error_part_count, through_parts,
                                                 through_part_count, outputs, i);
    decoder_bias[i] = adam_moved(decoder_bias[i], gradient, scale, step,
                                 {decoder_bias_v, decoder_bias_m}, i);
  }
  double movement = 0;
  double by_errors = 0;
  double by_penalty = 0;
  if (i < features) {
    encoder_bias[i] = adam_moved(encoder_bias[i], bias_gradient[i], scale, step,
                                 {encoder_bias_v, encoder_bias_m}, i);
    by_errors = threshold_by_errors[i];
    by_penalty = threshold_by_penalty[i];
    const float before = threshold[i];
    float moved =
        adam_moved(trained[i], threshold_gradient(step, before, by_errors, by_penalty), scale,
                   step, {trained_v, trained_m}, i);
    if (!step.log_threshold && moved < SMALLEST_NORMAL) {
      moved = SMALLEST_NORMAL;
    }
    trained[i] = moved;
    // In the direct form both are one array.
    const float after =
        step.log_threshold ? static_cast<float>(exp(static_cast<double>(moved))) : moved;
    threshold[i] = after;
    movement = fabs(static_cast<double>(after) - before);
    tokens_since_fired[i] = feature_active[i] > 0 ? 0 : tokens_since_fired[i] + rows;
  }
  movement = block_sum(movement, scratch);
  by_errors = block_sum(fabs(by_errors), scratch);
  by_penalty = block_sum(fabs(by_penalty), scratch);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = movement;
    parts[gridDim.x + blockIdx.x] = by_penalty;
    parts[2 * gridDim.x + blockIdx.x] = by_errors;
  }
  if (!last_of_all(arrived)) {
    return;
  }
  movement = sum_parts(parts, scratch);
  by_penalty = sum_parts(parts + gridDim.x, scratch);
  by_errors = sum_parts(parts + 2 * gridDim.x, scratch);
  if (threadIdx.x == 0) {
    result->movement = movement;
    result->penalty_share = by_penalty;
    result->error_share = by_errors;
  }
}

/// The thresholds themselves, from their logarithms.
extern "C" __global__ void __launch_bounds__(VECTOR_THREADS)
    thresholds_of_logarithms(const float* logarithms, int features, float* threshold) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < features) {
    threshold[i] = static_cast<float>(exp(static_cast<double>(logarithms[i])));
  }
}

/// The length of the whole gradient, and what it is to be multiplied by; squares of the features'
/// rows are in `squares` [F]. parts [blocks], for the last block, which sums them. It sets a flag
/// when no block asks for one any more.
extern "C" __global__ void __launch_bounds__(VECTOR_THREADS)
    clip_gradient(int features, int outputs, const double* squares, const float* bias_gradient,
                  const float* threshold, const double* threshold_by_errors,
                  const double* threshold_by_penalty, const float* error_parts,
                  int error_part_count, const float* through_parts, int through_part_count,
                  const StepValues* step_in_memory, StepResult* result, double* parts,
                  unsigned* arrived) {
  __shared__ double scratch[MOST_WARPS];
  if (failed(result)) {
    return;
  }
  const StepValues step = *step_in_memory;
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  double sum = 0;
  if (i < features) {
    const double bias = bias_gradient[i];
    const double by_threshold =
        threshold_gradient(step, threshold[i], threshold_by_errors[i], threshold_by_penalty[i]);
    sum = squares[i] + bias * bias + by_threshold * by_threshold;
  }
  if (i < outputs) {
    const double gradient = decoder_bias_gradient(error_parts, error_part_count, through_parts,
                                                  through_part_count, outputs, i);
    sum += gradient * gradient;
  }
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = sum;
  }
  if (!last_of_all(arrived)) {
    return;
  }
  const double norm = sqrt(sum_parts(parts, scratch));
  if (threadIdx.x == 0) {
    result->norm = norm;
    if (!is_finite(norm)) {
      result->flags |= FLAG_GRADIENT;
    } else if (norm > step.clip) {
      result->scale = static_cast<float>(step.clip / norm);
    }
  }
}

/// The gradient of b_dec [d_out], for checking.
extern "C" __global__ void __launch_bounds__(VECTOR_THREADS)
    write_decoder_bias_gradient(int outputs, const float* error_parts, int error_part_count,
                                const float* through_parts, int through_part_count,
                                const StepResult* result, float* gradient) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (!failed(result) && i < outputs) {
    gradient[i] = decoder_bias_gradient(error_parts, error_part_count, through_parts,
                                        through_part_count, outputs, i);
  }
}
