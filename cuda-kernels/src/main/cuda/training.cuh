// What the kernels of a training step share: what the host tells them, what they tell the host, the
// gate and the penalty of a JumpReLU SAE, and rows in pieces of four columns.
#pragma once

#include "rows.cuh"

// ---- Host and card ----

/// What a step is told: written by StepValues.java, in this order.
struct StepValues {
  long long number;      // the step's, counted from 1
  double weight;         // of one row's penalty in the loss: coefficient / rows
  double bandwidth;      // of the straight-through estimators
  double argument;       // of the penalty: features wanted, or scale
  double least;          // entries, active or in band, from which on the step is a dense one
  double clip;           // largest norm of the gradient
  int penalty;           // PENALTY_...
  float half_band;
  float beta1;
  float rest_of_beta1;   // 1 - beta1
  float beta2;
  float rest_of_beta2;
  float rate;            // what a mean gradient is multiplied by, below 0
  float second_bias;     // what a second moment is multiplied by
  float epsilon;
  int log_threshold;     // whether the threshold's logarithm is trained
};

constexpr int PENALTY_L0 = 0;
constexpr int PENALTY_TARGET = 1;
constexpr int PENALTY_TANH = 2;

/// What a step tells: read by StepResult.java, in this order. All 0 at its begin.
struct StepResult {
  unsigned flags;           // FLAG_...; 0 while all is well
  float scale;              // what gradients are multiplied by, where they are clipped
  double squares;           // sum over rows of |xhat - y|^2
  double penalties;         // sum over rows
  long long active;         // entries
  long long in_band;
  long long uncertain;      // gates that another order of summation might turn, in a dense step
  long long kept;           // pairs of all lists
  long long longest;        // of a list
  double movement;          // sum over features of |threshold after - before|
  double penalty_share;     // sum over features of the threshold gradient's part, absolute
  double error_share;
  double norm;              // of the gradient, where it is clipped
};

/// Beside the flags of rows.cuh.
constexpr unsigned FLAG_GRADIENT = 16;  // the gradient is not finite

/// Rows of a feature's list that are summed by themselves; SparseSteps.java knows it too.
constexpr int LIST_PIECE = 256;

namespace training {

/// Whether the step has failed, for kernels that set no flag themselves.
static __device__ __forceinline__ bool failed(const StepResult* result) {
  return result->flags != 0;
}

/// The same in kernels that do; all threads of a block get one answer.
static __device__ __forceinline__ bool failed_together(const StepResult* result) {
  return __syncthreads_or(*const_cast<const volatile unsigned*>(&result->flags) != 0) != 0;
}

static __device__ __forceinline__ bool is_finite(double value) {
  return fabs(value) <= 0x1.fffffffffffffp1023;
}

// ---- Gate: sae-runtime's step.Gate ----

/// Whether a feature is on; also where there is no telling, so that no NaN goes unnoticed.
static __device__ __forceinline__ bool active(float z, float threshold) {
  return !(z <= threshold);
}

/// Whether the straight-through estimators see it: an open interval.
static __device__ __forceinline__ bool in_band(float z, float threshold, float half_band) {
  return fabsf(z - threshold) < half_band;
}

// ---- Penalty: sae-runtime's step.Penalty ----

/// A row's penalty by its number of active features.
static __device__ __forceinline__ double penalty_of_l0(const StepValues* step, int l0) {
  if (step->penalty == PENALTY_L0) {
    return l0;
  }
  if (step->penalty == PENALTY_TARGET) {
    return 2 / step->argument * (l0 - step->argument) * (l0 - step->argument);
  }
  return 0;
}

/// Derivative of the weighted penalty by the number of active features.
static __device__ __forceinline__ double penalty_by_l0(const StepValues* step, int l0) {
  if (step->penalty == PENALTY_L0) {
    return step->weight;
  }
  if (step->penalty == PENALTY_TARGET) {
    return step->weight * 4 / step->argument * (l0 - step->argument);
  }
  return 0;
}

/// The part of the tanh penalty by one feature's f |W_dec[f]|.
static __device__ __forceinline__ double penalty_of_length(const StepValues* step, double length) {
  return tanh(step->argument * length);
}

/// Derivative of the weighted tanh penalty by one feature's f |W_dec[f]|.
static __device__ __forceinline__ double penalty_by_length(const StepValues* step, double length) {
  const double value = tanh(step->argument * length);
  return step->weight * step->argument * (1 - value * value);
}

// ---- What an entry adds to its feature's gradients: sae-runtime's step.FeatureGradients ----

/// Gradients of one feature that are single numbers.
struct FeatureSums {
  double bias = 0;               // of b_enc: the sum of the gradient by z
  double threshold_errors = 0;   // the reconstruction's part in that of the threshold
  double threshold_penalty = 0;  // the penalty's part
  double by_length = 0;          // by |W_dec[f]|, where the penalty depends on it
  int active = 0;                // rows on which the feature is on
};

/// Adds an entry; returns the gradient by its z, 0 where it is off.
static __device__ __forceinline__ float add_entry(FeatureSums& sums, const StepValues* step,
                                                  float z, float threshold, float length,
                                                  float by_error, int l0) {
  const bool on = active(z, threshold);
  const float f = on ? z : 0;
  const bool of_lengths = step->penalty == PENALTY_TANH;
  const double by_length =
      of_lengths ? penalty_by_length(step, static_cast<double>(f) * length) : 0;
  float by_z = 0;
  if (on) {
    by_z = by_error;
    if (of_lengths) {
      by_z = static_cast<float>(by_error + length * by_length);
      sums.by_length += f * by_length;
    }
    sums.bias += by_z;
    sums.active++;
  }
  if (in_band(z, threshold, step->half_band)) {
    const double slope = threshold / step->bandwidth;
    sums.threshold_errors -= slope * by_error;
    sums.threshold_penalty -= penalty_by_l0(step, l0) / step->bandwidth;
    if (of_lengths) {
      sums.threshold_penalty -= slope * length * by_length;
    }
  }
  return by_z;
}

/// Where the numbers of all features go, each [F].
struct FeatureArrays {
  float* bias;
  double* threshold_errors;
  double* threshold_penalty;
  float* by_length;  // divided by |W_dec[f]|: what the row itself is to be multiplied by
  int* active;
};

static __device__ __forceinline__ void write_sums(const FeatureArrays& arrays, int feature,
                                                  const FeatureSums& sums, float length) {
  arrays.bias[feature] = static_cast<float>(sums.bias);
  arrays.threshold_errors[feature] = sums.threshold_errors;
  arrays.threshold_penalty[feature] = sums.threshold_penalty;
  arrays.by_length[feature] =
      length != 0 ? static_cast<float>(sums.by_length / length) : 0.0f;
  arrays.active[feature] = sums.active;
}

// ---- Rows, four neighbouring columns a thread ----

/// Four columns of a row of `width` from `column` on; 0 beyond its end.
struct Four {
  float value[4];
};

/// Whether rows of `width` can be read four aligned floats at a time.
static __device__ __forceinline__ bool whole_fours(int width) { return width % 4 == 0; }

static __device__ __forceinline__ Four read_four(const float* row, int column, int width,
                                                 bool whole) {
  Four four;
  if (whole) {
    const float4 all = *reinterpret_cast<const float4*>(row + column);
    four.value[0] = all.x;
    four.value[1] = all.y;
    four.value[2] = all.z;
    four.value[3] = all.w;
  } else {
    for (int k = 0; k < 4; k++) {
      four.value[k] = column + k < width ? row[column + k] : 0.0f;
    }
  }
  return four;
}

static __device__ __forceinline__ void write_four(float* row, int column, int width, bool whole,
                                                  const Four& four) {
  if (whole) {
    *reinterpret_cast<float4*>(row + column) =
        make_float4(four.value[0], four.value[1], four.value[2], four.value[3]);
  } else {
    for (int k = 0; k < 4; k++) {
      if (column + k < width) {
        row[column + k] = four.value[k];
      }
    }
  }
}

static __device__ __forceinline__ void add_four(Four& to, float factor, const Four& four) {
  for (int k = 0; k < 4; k++) {
    to.value[k] = fmaf(factor, four.value[k], to.value[k]);
  }
}

}  // namespace training
