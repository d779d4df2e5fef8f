// The last sums of a step, by one block each.
#include "training.cuh"

namespace {

using namespace training;

constexpr int REPORT_THREADS = 256;

__device__ double sum_parts(const double* parts, int count, double* scratch) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    sum += parts[i];
  }
  return block_sum(sum, scratch);
}

}  // namespace

/// parts [3, count], by move_vectors.
extern "C" __global__ void __launch_bounds__(REPORT_THREADS)
    report(const double* parts, int count, StepResult* result) {
  __shared__ double scratch[MOST_WARPS];
  if (failed(result)) {
    return;
  }
  const double movement = sum_parts(parts, count, scratch);
  const double by_penalty = sum_parts(parts + count, count, scratch);
  const double by_errors = sum_parts(parts + 2 * count, count, scratch);
  if (threadIdx.x == 0) {
    result->movement = movement;
    result->penalty_share = by_penalty;
    result->error_share = by_errors;
  }
}

/// The length of the whole gradient, and what it is to be multiplied by; parts [count].
extern "C" __global__ void __launch_bounds__(REPORT_THREADS)
    clip_gradient(const double* parts, int count, const StepValues* step, StepResult* result) {
  __shared__ double scratch[MOST_WARPS];
  if (failed_together(result)) {
    return;
  }
  const double norm = sqrt(sum_parts(parts, count, scratch));
  if (threadIdx.x == 0) {
    result->norm = norm;
    if (!is_finite(norm)) {
      result->flags |= FLAG_GRADIENT;
    } else if (norm > step->clip) {
      result->scale = static_cast<float>(step->clip / norm);
    }
  }
}
