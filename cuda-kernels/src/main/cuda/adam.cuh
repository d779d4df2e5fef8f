// Adam in single precision, operation by operation as sae-runtime's step.FloatAdam, so that a row's
// second moments are the same bits whether each step without a gradient has multiplied them or one
// step has made up for all. Kingma and Ba, arXiv 1412.6980, algorithm 1, without weight decay.
#pragma once

#include "training.cuh"

namespace training {

/// Second moments below this become 0.
constexpr float SMALLEST_NORMAL = 0x1p-126f;

static __device__ __forceinline__ float normal_or_zero(float v) {
  return v < SMALLEST_NORMAL ? 0.0f : v;
}

/// A second moment after `owed` steps without a gradient. What falls below the smallest normal
/// number cannot rise again, so one look at the end sees what a look at every step would.
static __device__ __forceinline__ float settled(float v, float beta2, long long owed) {
  for (long long i = 0; i < owed && v >= SMALLEST_NORMAL; i++) {
    v *= beta2;
  }
  return normal_or_zero(v);
}

/// What Adam keeps of a parameter; m is null where beta1 is 0.
struct Moments {
  float* v;
  float* m;
};

/// Moves four values of a row against their gradient; returns where they went, and leaves their
/// moments in memory. `at` is where the row begins in its matrix.
static __device__ __forceinline__ Four adam_moved(const Four& values, const Four& gradient,
                                                  float scale, const StepValues& step,
                                                  const Moments& moments, size_t at, int column,
                                                  int width, bool whole, long long owed) {
  Four second = read_four(moments.v + at, column, width, whole);
  Four first;
  if (moments.m != nullptr) {
    first = read_four(moments.m + at, column, width, whole);
  }
  Four moved;
  for (int k = 0; k < 4; k++) {
    const float g = gradient.value[k] * scale;
    const float v = owed > 0 ? settled(second.value[k], step.beta2, owed) : second.value[k];
    second.value[k] = normal_or_zero(fmaf(g * step.rest_of_beta2, g, v * step.beta2));
    first.value[k] = moments.m != nullptr
                         ? fmaf(g, step.rest_of_beta1, first.value[k] * step.beta1)
                         : g;
    const float deviation = sqrtf(second.value[k] * step.second_bias) + step.epsilon;
    moved.value[k] = values.value[k] + first.value[k] * step.rate / deviation;
  }
  write_four(moments.v + at, column, width, whole, second);
  if (moments.m != nullptr) {
    write_four(moments.m + at, column, width, whole, first);
  }
  return moved;
}

/// Moves one value of a vector.
static __device__ __forceinline__ float adam_moved(float value, float gradient, float scale,
                                                   const StepValues& step, const Moments& moments,
                                                   int at) {
  const Four moved = adam_moved(Four{{value}}, Four{{gradient}}, scale, step, moments, 0, at,
                                at + 1, false, 0);
  return moved.value[0];
}

}  // namespace training
